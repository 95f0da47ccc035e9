// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/proxy/headmemory"
)

const (
	cgroupFiles = "/sys/fs/cgroup"
	ownCgroup   = "/proc/self/cgroup"
)

// headMemory is what --max-header-memory says, or by default a sixteenth of the memory that the process may take.
func (f *flags) headMemory() int {
	if f.maxHeaderMemory > 0 {
		return f.maxHeaderMemory
	}
	limit := memoryLimit(debug.SetMemoryLimit(-1), os.ReadFile)
	if limit == math.MaxInt64 {
		return headmemory.Default
	}
	return int(max(headmemory.Least, limit/16))
}

// memoryLimit is the least of what GOMEMLIMIT says, which collected is, and of what the process's cgroup of either
// version allows. Where nothing bounds it, that is [math.MaxInt64].
func memoryLimit(collected int64, read func(string) ([]byte, error)) int64 {
	limit := collected
	// In a container the cgroup is the root of what it sees; elsewhere, what /proc says is below the root.
	folders := []string{cgroupFiles, cgroupFiles + "/memory"}
	if own, err := read(ownCgroup); err == nil {
		for line := range strings.Lines(string(own)) {
			// A hierarchy's number, its controllers, which version 2 does not name, and the path (cgroups(7)).
			parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
			switch {
			case len(parts) < 3:
			case parts[1] == "":
				folders = append(folders, path.Join(cgroupFiles, parts[2]))
			case parts[1] == "memory":
				folders = append(folders, path.Join(cgroupFiles, "memory", parts[2]))
			}
		}
	}
	for _, folder := range folders {
		for _, name := range []string{"memory.max", "memory.limit_in_bytes"} {
			content, err := read(path.Join(folder, name))
			if err != nil {
				continue
			}
			// Version 2 says "max" where there is no limit, version 1 a number that no machine has.
			if n, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64); err == nil && n > 0 && n < 1<<60 {
				limit = min(limit, n)
			}
		}
	}
	return limit
}
