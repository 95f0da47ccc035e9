// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// Changes, made to what was before, give what is after.
func TestChangesAreAllThatDiffers(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	list := func() (hosts []Host) {
		for i := range 12 {
			if random.IntN(3) > 0 {
				hosts = append(hosts, Host{Name: fmt.Sprintf("%02d", i), Owner: fmt.Sprint(random.IntN(2))})
			}
		}
		return hosts
	}
	before := list()
	for range 2000 {
		after := list()
		if random.IntN(4) == 0 { // Some of it is out of order, or occurs twice.
			random.Shuffle(len(after), func(i, j int) {
				if random.IntN(3) == 0 {
					after[i] = after[j]
				}
			})
		}
		ordered := true
		c, err := Compare(&Snapshot{Hosts: before}, &Snapshot{Hosts: after})
		for i := range after[min(1, len(after)):] {
			ordered = ordered && after[i].Name < after[i+1].Name
		}
		if (err == nil) != ordered {
			t.Fatalf("%v after %v: the error is %v", after, before, err)
		}
		if err != nil {
			continue
		}
		got := make(map[string]string)
		for _, h := range before {
			got[h.Name] = h.Owner
		}
		for _, change := range c.Hosts {
			if change.Before != nil && change.After != nil && change.Before.Equal(*change.After) {
				t.Errorf("%q is the same", change.After.Name)
			}
			if change.Before != nil {
				delete(got, change.Before.Name)
			}
			if change.After != nil {
				got[change.After.Name] = change.After.Owner
			}
		}
		want := make(map[string]string)
		for _, h := range after {
			want[h.Name] = h.Owner
		}
		if !maps.Equal(got, want) || c.None() != slices.EqualFunc(before, after, Host.Equal) {
			t.Fatalf("from %v come %v, want %v", before, got, want)
		}
		before = after
	}
}

// A check that is gone is missed by pools that are the same as before, and a certificate by listeners.
func TestWhatIsTheSameMayLackWhatIsGone(t *testing.T) {
	t.Parallel()
	sound := func() *Snapshot {
		return &Snapshot{
			Pools:        []Pool{{ID: "p", Endpoints: []Endpoint{{ID: "task", Checked: true}}}},
			Checks:       []Check{{ID: "task", Interval: 2, Timeout: 1, HealthyThreshold: 1, UnhealthyThreshold: 1}},
			Certificates: []Certificate{{ID: "c"}},
			Listeners:    []Listener{{Address: netip.MustParseAddrPort("192.0.2.1:443"), TLS: true, Names: []ServedName{{Certificates: []string{"c"}}}}},
		}
	}
	before := sound()
	if err := before.Inspect(); err != nil {
		t.Fatal(err)
	}
	for want, lose := range map[string]func(*Snapshot){
		`there is no check of endpoint "task"`: func(s *Snapshot) { s.Checks = nil },
		`there is no certificate "c"`:          func(s *Snapshot) { s.Certificates = nil },
	} {
		after := *before
		lose(&after)
		for _, of := range []*Snapshot{before, new(Snapshot)} {
			if _, err := Compare(of, &after); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %q", err, want)
			}
		}
	}
}
