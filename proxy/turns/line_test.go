// SPDX-License-Identifier: Apache-2.0

package turns

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var alice, bob, carol = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")

func TestClientsTakeTurns(t *testing.T) {
	l := &Line[string]{Room: 10}
	for _, w := range []string{"a1", "a2", "a3", "a4"} {
		l.Join(alice, w)
	}
	l.Join(bob, "b1")
	l.Join(carol, "c1")
	l.Join(bob, "b2")
	if !l.Leave(alice, "a3") || l.Leave(alice, "a3") || l.Leave(bob, "a4") || !l.Leave(carol, "c1") || l.Leave(carol, "c1") {
		t.Error("not those left who waited")
	}
	l.Join(carol, "c2")
	var order []string
	for w, ok := l.Next(); ok; w, ok = l.Next() {
		order = append(order, w)
	}
	if diff := cmp.Diff([]string{"a1", "b1", "c2", "a2", "b2", "a4"}, order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if l.Len() != 0 || len(l.clients) != 0 {
		t.Errorf("%d wait, and %d clients are left", l.Len(), len(l.clients))
	}
}

func TestWhoHasMostGivesWay(t *testing.T) {
	l := &Line[string]{Room: 4}
	for _, step := range []struct {
		client netip.Addr
		who    string
		joined bool
		out    string
	}{
		{alice, "a1", true, ""}, {alice, "a2", true, ""}, {alice, "a3", true, ""}, {alice, "a4", true, ""},
		{alice, "a5", false, ""}, {bob, "b1", true, "a4"}, {bob, "b2", true, "a3"}, {bob, "b3", false, ""}, {alice, "a6", false, ""},
		{carol, "c1", true, "a2"}, {carol, "c2", false, ""}, {netip.Addr{}, "n1", true, "b2"}, {netip.Addr{}, "n2", false, ""},
	} {
		joined, out, gave := l.Join(step.client, step.who)
		if joined != step.joined || out != step.out || gave != (step.out != "") {
			t.Errorf("%s: joined %t, and %q gave way %t, want %t and %q", step.who, joined, out, gave, step.joined, step.out)
		}
	}
	if joined, _, _ := new(Line[string]).Join(alice, "a"); joined {
		t.Error("somebody waits where there is no room")
	}
}

// Whatever happens, nobody is lost, nobody waits twice, and a client for whom nobody waits gets in unless all have one.
func TestNobodyIsLost(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	l := &Line[int]{Room: 8}
	wait := make(map[int]netip.Addr)
	for who := range 100_000 {
		client := netip.AddrFrom4([4]byte{192, 0, 2, byte(r.IntN(12) * r.IntN(2))})
		switch r.IntN(4) {
		case 0:
			if w, ok := l.Next(); ok != (len(wait) > 0) {
				t.Fatalf("it is the turn of %d, %t, and %d wait", w, ok, len(wait))
			} else if ok {
				if _, ok := wait[w]; !ok {
					t.Fatalf("it is the turn of %d, who does not wait", w)
				}
				delete(wait, w)
			}
		case 1:
			for w, of := range wait {
				if !l.Leave(of, w) {
					t.Fatalf("%d cannot leave", w)
				}
				delete(wait, w)
				break
			}
		default:
			has := func(of netip.Addr) (n int) {
				for _, client := range wait {
					if client == of {
						n++
					}
				}
				return n
			}
			most := 0
			for _, of := range wait {
				most = max(most, has(of))
			}
			fits := len(wait) < l.Room || has(client)+1 < most
			joined, out, gave := l.Join(client, who)
			if joined != fits || gave != (fits && len(wait) == l.Room) {
				t.Fatalf("joined %t, and somebody gave way: %t; want %t, with %v", joined, gave, fits, wait)
			}
			if gave {
				if of, ok := wait[out]; !ok || has(of) != most {
					t.Fatalf("%d gives way, of a client with %d, and one has %d", out, has(of), most)
				}
				delete(wait, out)
			}
			if joined {
				wait[who] = client
			}
		}
		if l.Len() != len(wait) {
			t.Fatalf("%d wait, want %d", l.Len(), len(wait))
		}
	}
}

func TestAClientIsAnAddressOrANetwork(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::", "2001:db8::ffff:1:2:3": "2001:db8::", "2001:db8:0:1::1": "2001:db8:0:1::",
		"fe80::1%eth0": "fe80::",
	} {
		if got := Client(netip.MustParseAddr(text)); got != netip.MustParseAddr(want) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if got := Client(netip.Addr{}); got.IsValid() {
		t.Errorf("got %s for none", got)
	}
}
