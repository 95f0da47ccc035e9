// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReplicasTellWhichPortsTheyCouldNotOpen(t *testing.T) {
	t.Parallel()
	one, other := netip.MustParseAddrPort("[::]:80"), netip.MustParseAddrPort("127.0.0.1:8080")
	told := func(name string, faults map[netip.AddrPort]string) Replica {
		r := Replica{Name: name, Address: netip.MustParseAddr("192.0.2.1"), HTTPPort: 8000, HealthPort: 8081, ready: true, closed: encodeClosed(faults)}
		read, ok := readReplica(leaseOf(&r, &standing{namespace: "system", class: "warren"}, "", time.Now()))
		if !ok || read != r {
			t.Fatalf("the Lease of %+v is read as %+v", r, read)
		}
		return read
	}
	self := told("a", map[netip.AddrPort]string{one: "of no interest here"})
	r := newReplicas(nil, self, "warren", nil)
	r.ready.Store(&[]Replica{self, told("b", map[netip.AddrPort]string{one: "address already in use", other: "permission\ndenied"}), told("c", nil),
		told("d", map[netip.AddrPort]string{one: "permission denied"})})
	if got, want := r.Closed(one), []ClosedPort{{"b", "address already in use"}, {"d", "permission denied"}}; !slices.Equal(got, want) {
		t.Errorf("closed: %v, want %v", got, want)
	}
	if got, want := r.Closed(other), []ClosedPort{{"b", "permission denied"}}; !slices.Equal(got, want) {
		t.Errorf("closed: %v, want %v", got, want)
	}
	if got := r.Closed(netip.MustParseAddrPort("[::]:8")); len(got) > 0 {
		t.Errorf("a port that nobody speaks of is closed: %v", got)
	}
	many := make(map[netip.AddrPort]string)
	for port := range uint16(1000) {
		many[netip.AddrPortFrom(one.Addr(), port+1)] = "address already in use"
	}
	if text := encodeClosed(many); len(text) > closedLimit || !strings.HasPrefix(text, "[::]:1 ") || strings.HasSuffix(text, "addr") {
		t.Errorf("a thousand ports take %d bytes, and end in %.20q", len(text), text[len(text)-20:])
	}
}
