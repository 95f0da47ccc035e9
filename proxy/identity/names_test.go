// SPDX-License-Identifier: Apache-2.0

package identity

import "testing"

func TestWhetherARequestIsMisdirectedCostsNoAllocation(t *testing.T) {
	n := newNames()
	for _, name := range []string{"", "*.w.org", "two.org"} {
		n.add(name, &servedName{})
	}
	for _, test := range []struct {
		server, host string
		want         bool
	}{{"two.org", "two.org", false}, {"a.w.org", "b.c.w.org", false}, {"a.w.org", "two.org", true}} {
		host := []byte(test.host)
		var got bool
		if allocated := testing.AllocsPerRun(100, func() { got = n.Misdirected(test.server, "", host) }); allocated != 0 || got != test.want {
			t.Errorf("%q over %q: got %v and %v allocations, want %v and none", test.host, test.server, got, allocated, test.want)
		}
	}
}
