// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// An address that goes from one Gateway to the next costs no more with each.
func TestNumbersOfListenersAreGivenOnceAndForgotten(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddrPort("[::]:20000")
	state, before := newTestState(), Nothing()
	seen := make(map[int]bool)
	for i := range 100 {
		s := &snapshot.Snapshot{Listeners: []snapshot.Listener{{Address: at, Owner: fmt.Sprint("owner-", i)}}}
		g := compileForTest(t, s, before, state)
		state.KeepOnly(g)
		number := g.ListenerAt(at)
		if seen[number] || number == 0 {
			t.Fatalf("listener %d has the number %d of another one", i, number)
		}
		seen[number] = true
		if again := compileForTest(t, s, g, state); again.ListenerAt(at) != number {
			t.Fatalf("the same listener has the numbers %d and %d", number, again.ListenerAt(at))
		}
		before = g
	}
	if len(state.numbers) != 1 || len(before.listeners) != 1 {
		t.Errorf("%d numbers and %d listeners are kept, want 1 of each", len(state.numbers), len(before.listeners))
	}
	for number := range seen {
		if number != before.ListenerAt(at) && before.At(number) != &noRoutes {
			t.Errorf("connections that came to listener %d, which is gone, get routes", number)
		}
	}
}
