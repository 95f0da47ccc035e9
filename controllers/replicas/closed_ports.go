// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Ports knows which addresses of listeners the data plane of this replica could not open.
type Ports interface {
	// ListenFaults returns why, by the address.
	ListenFaults() map[netip.AddrPort]string
	// ObserveListeners calls f whenever that changes, until stop is called. f does not wait.
	ObserveListeners(f func(at netip.AddrPort)) (stop func())
}

// closedLimit bounds what a Lease says of closed ports, in bytes. The rest is left out.
const closedLimit = 8 << 10

// encodeClosed returns what a Lease says of closed ports: a line for each, with the address and why.
func encodeClosed(faults map[netip.AddrPort]string) string {
	var text strings.Builder
	for _, at := range slices.SortedFunc(maps.Keys(faults), netip.AddrPort.Compare) {
		line := at.String() + " " + strings.ReplaceAll(faults[at], "\n", " ")
		if text.Len()+len(line) >= closedLimit {
			break
		}
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(line)
	}
	return text.String()
}

// closedAt returns why an address is closed by what a Lease says, empty if it is not.
func closedAt(text string, at netip.AddrPort) string {
	address := at.String()
	for line := range strings.SplitSeq(text, "\n") {
		if of, why, ok := strings.Cut(line, " "); ok && of == address {
			return why
		}
	}
	return ""
}

// ClosedPort is an address of a listener that a replica could not open.
type ClosedPort struct{ Replica, Why string }

// Closed returns the other ready replicas that could not open an address.
func (r *Replicas) Closed(at netip.AddrPort) (closed []ClosedPort) {
	for _, other := range *r.ready.Load() {
		if other.leaseName() == r.sightings.self {
			continue
		}
		if why := closedAt(other.closed, at); why != "" {
			closed = append(closed, ClosedPort{other.Name, why})
		}
	}
	slices.SortFunc(closed, func(a, b ClosedPort) int { return cmp.Compare(a.Replica, b.Replica) })
	return closed
}
