// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"os"
	"runtime/debug"
	"syscall"
)

const (
	// ownDescriptors is what listeners, the Kubernetes API, the log and the runtime have open.
	ownDescriptors = 64
	// endpointPart is the part of the descriptors that is kept for connections to endpoints.
	endpointPart = 20
	// connectionMemory is what an idle connection over TLS takes, in bytes. Half of the memory is for connections.
	connectionMemory = 24 << 10
	// leastConnections is allowed in any case.
	leastConnections = 64
)

// connections returns how many client connections there may be, 0 for any number: what --max-connections says, unless
// the descriptors do not suffice, or by default what the limits of the process allow.
func (f *flags) connections() int {
	descriptors := uint64(math.MaxUint64)
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		descriptors = limit.Cur
	}
	return mostConnections(f.maxConnections, descriptors, memoryLimit(debug.SetMemoryLimit(-1), os.ReadFile))
}

// mostConnections returns how many client connections limits of descriptors and of memory allow, 0 for any number. If
// wanted is not 0, the memory does not count.
func mostConnections(wanted int, descriptors uint64, memory int64) int {
	most := uint64(math.MaxInt32)
	if wanted > 0 {
		most = uint64(wanted)
	} else if memory < math.MaxInt64 {
		most = min(most, uint64(memory)/2/connectionMemory)
	}
	if kept := descriptors/endpointPart + ownDescriptors; descriptors < math.MaxInt32 {
		most = min(most, descriptors-min(kept, descriptors))
	}
	if most == math.MaxInt32 {
		return 0
	}
	if wanted == 0 {
		most = max(most, leastConnections)
	}
	return int(max(most, 1))
}
