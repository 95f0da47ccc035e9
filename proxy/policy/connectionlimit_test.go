// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// limitedBy compiles a limit in a scope.
func limitedBy(t testing.TB, c *ConnectionLimit, s *step.Scope) step.Steps {
	t.Helper()
	steps, err := c.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func view(client string) *step.View { return &step.View{Client: netip.MustParseAddr(client)} }

func TestEachClientMayHaveAsMuchUnderWay(t *testing.T) {
	t.Parallel()
	steps := limitedBy(t, &ConnectionLimit{Connections: 2, Exempt: []netip.Prefix{netip.MustParsePrefix("192.0.2.64/26")}}, kept{}.scope(limit.New()))
	var views []*step.View
	for i, test := range []struct {
		client string
		want   reason.Reason
	}{
		{"192.0.2.1", reason.None}, {"192.0.2.1", reason.None}, {"192.0.2.1", reason.ConnectionsLimited},
		{"192.0.2.2", reason.None},                                    // another client
		{"2001:db8::1", reason.None}, {"2001:db8::ffff", reason.None}, // one of IPv6 has a network of addresses
		{"2001:db8::2", reason.ConnectionsLimited}, {"2001:db8:0:1::1", reason.None},
		{"192.0.2.64", reason.None}, {"192.0.2.64", reason.None}, {"192.0.2.64", reason.None}, // exempt
	} {
		v := view(test.client)
		if got := steps.Request(v).Reason; got != test.want {
			t.Errorf("request %d: got %v, want %v", i, got, test.want)
		}
		views = append(views, v)
	}
	views[0].Slots.Release()
	views[0].Slots.Release() // twice is once
	for _, want := range []reason.Reason{reason.None, reason.ConnectionsLimited} {
		if got := steps.Request(view("192.0.2.1")).Reason; got != want {
			t.Errorf("after one has ended: got %v, want %v", got, want)
		}
	}
}

// What is under way belongs to the route, however its limit changes. Another route's is not counted.
func TestWhatIsUnderWayOutlivesAChangeOfTheLimit(t *testing.T) {
	t.Parallel()
	l, memory := limit.New(), kept{}
	before := limitedBy(t, &ConnectionLimit{Connections: 2}, memory.scope(l))
	first, second := view("192.0.2.1"), view("192.0.2.1")
	before.Request(first)
	before.Request(second)
	after := limitedBy(t, &ConnectionLimit{Connections: 1}, memory.scope(l))
	first.Slots.Release()
	if got := after.Request(view("192.0.2.1")).Reason; got != reason.ConnectionsLimited {
		t.Errorf("with one under way: got %v", got)
	}
	second.Slots.Release()
	if got := after.Request(view("192.0.2.1")).Reason; got != reason.None {
		t.Errorf("with none under way: got %v", got)
	}
	if got := limitedBy(t, &ConnectionLimit{Connections: 1}, kept{}.scope(l)).Request(view("192.0.2.1")).Reason; got != reason.None {
		t.Errorf("of another route: got %v", got)
	}
}

// A route and its backend may have a limit each.
func TestARequestTakesAPlaceOfEachLimit(t *testing.T) {
	t.Parallel()
	l := limit.New()
	route, backend := limitedBy(t, &ConnectionLimit{Connections: 1}, kept{}.scope(l)), limitedBy(t, &ConnectionLimit{Connections: 1}, kept{}.scope(l))
	v := view("192.0.2.1")
	for range 2 {
		if got := []reason.Reason{route.Request(v).Reason, backend.Request(v).Reason}; got[0] != reason.None || got[1] != reason.None {
			t.Fatalf("got %v", got)
		}
		v.Slots.Release()
	}
}

func TestALookTakesNoPlace(t *testing.T) {
	t.Parallel()
	steps := limitedBy(t, &ConnectionLimit{Connections: 1, Exempt: []netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")}}, kept{}.scope(limit.New()))
	look := func(client string) (notes []step.Note, why reason.Reason) {
		v := view(client)
		v.Notes = &notes
		why = steps.Request(v).Reason
		return notes, why
	}
	for range 2 {
		notes, why := look("192.0.2.1")
		want := []step.Note{{Policy: "connection-limit", Passed: true, Text: "of the client, 0 requests are under way, and 1 may be"}}
		if diff := cmp.Diff(want, notes); diff != "" || why != reason.None {
			t.Errorf("got %v (-want +got):\n%s", why, diff)
		}
	}
	steps.Request(view("192.0.2.1"))
	notes, why := look("192.0.2.1")
	if diff := cmp.Diff([]step.Note{{Policy: "connection-limit", Text: "of the client, 1 requests are under way, and 1 may be"}}, notes); diff != "" || why != reason.ConnectionsLimited {
		t.Errorf("got %v (-want +got):\n%s", why, diff)
	}
	if notes, _ := look("192.0.2.9"); len(notes) != 1 || notes[0].Text != "the client is exempt" {
		t.Errorf("got %+v", notes)
	}
}

// Nothing is left of requests that have ended.
func TestUnderwayForgetsWhoHasNothingUnderWay(t *testing.T) {
	t.Parallel()
	l := limit.New()
	steps := limitedBy(t, &ConnectionLimit{Connections: 3}, kept{}.scope(l))
	var all sync.WaitGroup
	for seed := range uint64(4) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, seed))
			var held []*step.View
			for range 5_000 {
				v := &step.View{Client: netip.AddrFrom4([4]byte{192, 0, 2, byte(r.IntN(200))})}
				if steps.Request(v).Reason == reason.None {
					held = append(held, v)
				}
				if len(held) > 0 && r.IntN(2) == 0 {
					i := r.IntN(len(held))
					held[i].Slots.Release()
					held[i] = held[len(held)-1]
					held = held[:len(held)-1]
				}
			}
			for _, v := range held {
				v.Slots.Release()
			}
		})
	}
	all.Wait()
	if n := l.Pending(); n != 0 {
		t.Errorf("%d clients have entries", n)
	}
}

func TestConnectionLimitDiffers(t *testing.T) {
	t.Parallel()
	c := &ConnectionLimit{Connections: 1}
	exempt := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for other, want := range map[Policy]bool{
		&ConnectionLimit{Connections: 1}: true, &ConnectionLimit{Connections: 2}: false, &ConnectionLimit{Connections: 1, Exempt: exempt}: false,
		(*ConnectionLimit)(nil): false, (*RateLimit)(nil): false,
	} {
		if got := c.Equal(other); got != want {
			t.Errorf("%+v: got %t, want %t", other, got, want)
		}
	}
}

func TestConnectionLimitTakesNoMemory(t *testing.T) {
	steps := limitedBy(t, &ConnectionLimit{Connections: 1, Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, kept{}.scope(limit.New()))
	v := view("192.0.2.1")
	if n := testing.AllocsPerRun(100, func() {
		steps.Request(v)
		v.Slots.Release()
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
