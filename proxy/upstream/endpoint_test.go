// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"net"
	"testing"
)

// The number of idle connections is bounded, however many were needed at once.
func TestIdleConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	l := listen(t)
	e := testEndpoint(Key{Address: l.Addr().(*net.TCPAddr).AddrPort()})
	const given = idlePerShard + 5
	var conns []net.Conn
	for range given {
		taken, err := e.Dial(t.Context(), Demand{Timeout: patience})
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		e.give(taken.Sole(), 0, 0)
	}
	if n := e.Stats().Idle; n != idlePerShard {
		t.Errorf("%d connections rest, want %d", n, idlePerShard)
	}
	for _, c := range conns[idlePerShard:] {
		expectEnd(t, c)
	}
	e.Retire()
	for _, c := range conns[:idlePerShard] {
		expectEnd(t, c)
	}
}
