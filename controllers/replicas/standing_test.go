// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestAStandingIsReadFromALeaseAsItWasWritten(t *testing.T) {
	r := Replica{Name: "a", Address: netip.MustParseAddr("10.0.0.1")}
	for name, want := range map[string]standing{
		"of all namespaces":   {namespace: "system", class: "warren"},
		"of some namespaces":  {namespace: "system", class: "warren", watches: "blue,green", since: 1700000000},
		"of a named class":    {namespace: "system", class: "warren", named: true, orders: true},
		"of the default":      {namespace: "system", class: "warren", named: true, byDefault: true},
		"that sees no others": {namespace: "system", class: "warren", blind: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := readStanding(leaseOf(&r, &want, "", time.Now()))
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(standing{})); !ok || diff != "" {
				t.Errorf("read %v (-want +got):\n%s", ok, diff)
			}
		})
	}
	lease := leaseOf(&r, &standing{namespace: "system", class: "warren"}, "", time.Now())
	delete(lease.Annotations, standingAnnotation)
	if _, ok := readStanding(lease); ok {
		t.Error("a Lease of a version that knows no standing has one")
	}
}

// sight is what is seen of a Lease: "namespace/class/replica".
type sight struct {
	namespace, class, replica string
	standing                  standing
	renewed                   time.Duration
	gone                      bool
}

// Somebody who may write Leases in his own namespace cannot make a controller give way to him, unless the operator says
// that the namespace is a controller's.
func TestALeaseOfANamespaceThatIsNoControllersIsNotHeeded(t *testing.T) {
	of := standing{namespace: "own", class: "public", since: 2}
	self, forged := Replica{Name: "self"}, Replica{Name: "forged"}
	for namespace, wanted := range map[string]map[string]bool{
		"tenant": {"": true, "own": true, "own other": true, "*": false},
		"other":  {"": true, "own": true, "own other": false, "*": false},
		"own":    {"": false, "own": false, "own other": false, "*": false},
	} {
		for among, want := range wanted {
			p := newPeers(of, types.NamespacedName{Namespace: "own", Name: self.leaseName()}, true, nil)
			p.among = strings.Fields(among)
			own := leaseOf(&self, &of, "", time.Now())
			first := standing{namespace: namespace, class: "another", since: 1, blind: true, byDefault: true, orders: true}
			for _, lease := range []*coordinationv1.Lease{own, leaseOf(&forged, &first, "", time.Now())} {
				p.see(t.Context(), lease, time.Now())
			}
			if got := p.Writes("any", &Claimants{every: true}); got != want {
				t.Errorf("beside a Lease of %s it writes: %v, want %v, with %q", namespace, got, want, p.among)
			}
		}
	}
}

func TestTheFirstOfTheControllersThatServeAnObjectWrites(t *testing.T) {
	const old, young = 1700000000, 1800000000
	self := sight{namespace: "own", class: "public", replica: "self", standing: standing{since: old + 1}}
	other := func(change func(*standing)) sight {
		s := sight{namespace: "other", class: "internal", replica: "one", standing: standing{since: young}}
		change(&s.standing)
		return s
	}
	older := func(s *standing) { s.since = old }
	everybody := Claimants{every: true}
	public, internal := Claimants{classes: []string{"public"}}, Claimants{classes: []string{"internal"}}
	left := sight{namespace: "other", class: "internal", replica: "one", gone: true}
	stale := other(older)
	stale.renewed = -time.Hour
	beats := func(from, n int) (sights []sight) {
		for i := range n {
			s := self
			s.renewed = time.Duration(from+i) * replicaRenewal
			sights = append(sights, s)
		}
		return sights
	}
	for _, test := range []struct {
		name   string
		sights []sight
		by     Claimants
		want   bool
	}{
		{"alone", []sight{self}, everybody, true},
		{"alone, and of another class, which has no controller", []sight{self}, internal, true},
		{"before its own Lease, where there is another", []sight{other(older)}, everybody, false},
		{"before its own Lease, what is of its class", []sight{other(older)}, public, true},
		{"the older one", []sight{self, other(func(*standing) {})}, everybody, true},
		{"the younger one", []sight{self, other(older)}, everybody, false},
		{"one that does not know its age", []sight{self, other(func(s *standing) { s.since = 0 })}, everybody, true},
		{"of the same age, by name", []sight{self, other(func(s *standing) { s.since = old + 1 })}, everybody, false},
		{"the younger one, where it names the class", []sight{self, other(older)}, public, true},
		{"the older one, where it names the other's class", []sight{self, other(func(*standing) {})}, internal, false},
		{"the other is the cluster's default",
			[]sight{self, other(func(s *standing) { s.byDefault = true })}, everybody, false},
		{"the other cannot know of this one", []sight{self, other(func(s *standing) { s.blind = true })}, everybody, false},
		{"the other serves other namespaces",
			[]sight{self, other(func(s *standing) { s.since, s.watches = old, "green" })}, everybody, true},
		{"the other serves the namespace too",
			[]sight{self, other(func(s *standing) { s.since, s.watches = old, "blue,green" })}, everybody, false},
		{"an Ingress of the default class",
			[]sight{self, other(func(s *standing) { s.since, s.byDefault = old, true })}, Claimants{byDefault: true}, false},
		{"a class without an IngressClass", []sight{self, other(older)}, Claimants{standard: []string{"internal"}}, false},
		{"nobody serves it", []sight{self, other(func(*standing) {})}, Claimants{}, true},
		{"another replica of its own is younger",
			[]sight{self, {namespace: "own", class: "public", replica: "b", standing: standing{since: young}},
				other(func(s *standing) { s.since = old + 2 })}, everybody, true},
		{"the other is missed for as long as it is waited for",
			append([]sight{self, other(older)}, beats(1, 9)...), everybody, false},
		{"the other is missed for longer", append([]sight{self, other(older)}, beats(1, 10)...), everybody, true},
		{"the other has left, and may come back",
			append([]sight{self, other(older), left}, beats(1, 6)...), everybody, false},
		{"the other has left for good",
			append([]sight{self, other(older), left}, beats(1, 7)...), everybody, true},
		{"the other's Lease is old when it is first seen",
			[]sight{self, stale}, everybody, true},
		{"without renewals of the own Lease nobody is gone",
			append([]sight{self, other(older)}, self, self, self), everybody, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			named := Replica{Name: self.replica}
			lease := types.NamespacedName{Namespace: "own", Name: named.leaseName()}
			p := newPeers(standing{namespace: "own", class: "public"}, lease, true, nil)
			p.among = []string{EveryNamespace}
			for _, s := range test.sights {
				r := Replica{Name: s.replica}
				s.standing.namespace, s.standing.class = s.namespace, s.class
				if s.gone {
					p.leave(context.Background(), types.NamespacedName{Namespace: s.namespace, Name: r.leaseName()})
					continue
				}
				p.see(context.Background(), leaseOf(&r, &s.standing, "", start.Add(s.renewed)), start)
			}
			if got := p.Writes("blue", &test.by); got != test.want {
				t.Errorf("it writes: %v, want %v, with %v", got, test.want, p.company.Load().all)
			}
		})
	}
}

// Each controller decides by itself. Whichever others they see, exactly one of them writes.
func TestAllControllersComeToTheSameWriter(t *testing.T) {
	start := time.Now()
	var all []standing
	for i, change := range []func(*standing){
		func(s *standing) { s.since = 3 }, func(s *standing) { s.since = 1 }, func(s *standing) { s.since = 1 },
		func(s *standing) { s.blind = true }, func(s *standing) { s.byDefault, s.since = true, 5 }, func(*standing) {},
		func(s *standing) { s.watches, s.since = "blue", 1 }, func(s *standing) { s.watches = "green" },
	} {
		s := standing{namespace: fmt.Sprint("system-", i%3), class: fmt.Sprint("class-", i%4), orders: true}
		change(&s)
		all = append(all, s)
	}
	for _, by := range []Claimants{
		{every: true}, {byDefault: true}, {classes: []string{"class-1"}}, {classes: []string{"class-3", "gone"}}, {},
	} {
		// Every pair and triple of them.
		for mask := 1; mask < 1<<len(all); mask++ {
			var there []standing
			for i := range all {
				if mask&(1<<i) != 0 {
					there = append(there, all[i])
				}
			}
			writers := 0
			for own := range there {
				self := Replica{Name: fmt.Sprint("r", own)}
				lease := types.NamespacedName{Namespace: there[own].namespace, Name: self.leaseName()}
				p := newPeers(there[own], lease, true, nil)
				p.among = []string{EveryNamespace}
				for i := range there {
					p.see(context.Background(), leaseOf(&Replica{Name: fmt.Sprint("r", i)}, &there[i], "", start), start)
				}
				if there[own].watching("blue") && p.Writes("blue", &by) {
					writers++
				}
			}
			watched := 0
			for i := range there {
				if there[i].watching("blue") {
					watched++
				}
			}
			if want := min(watched, 1); writers != want {
				t.Fatalf("of the controllers\n%v\n%d write what is for %v, want %d", there, writers, by, want)
			}
		}
	}
}

func TestOfReplicasThatElectNoneTheFirstWrites(t *testing.T) {
	start := time.Now()
	of := standing{namespace: "own", class: "public"}
	lease := func(name string) types.NamespacedName {
		return types.NamespacedName{Namespace: "own", Name: (&Replica{Name: name}).leaseName()}
	}
	for name, want := range map[string]bool{"a": true, "b": false} {
		p := newPeers(of, lease(name), false, nil)
		if !p.Writes("blue", &Claimants{}) {
			t.Errorf("%s does not write before there is a Lease", name)
		}
		for _, replica := range []string{"a", "b"} {
			p.see(context.Background(), leaseOf(&Replica{Name: replica}, &of, "", start), start)
		}
		if got := p.Writes("blue", &Claimants{}); got != want {
			t.Errorf("%s writes: %v, want %v", name, got, want)
		}
		p.leave(context.Background(), lease("a"))
		if name == "b" && !p.Writes("blue", &Claimants{}) {
			t.Error("b does not write once a has ended")
		}
	}
}

func TestNothingOfALeaseIsKeptButWhatIsReadOfIt(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	r := Replica{Name: "a", Address: netip.MustParseAddr("10.0.0.1")}
	of := standing{namespace: "system", class: "warren", since: 1700000000, named: true}
	for name, c := range map[string]struct {
		change func(*coordinationv1.Lease)
		want   bool
	}{
		"as a controller writes it": {func(*coordinationv1.Lease) {}, true},
		"with much that is not read": {func(l *coordinationv1.Lease) {
			l.Labels["more"], l.Annotations["more"], l.Spec.HolderIdentity, l.Spec.PreferredHolder = long, long, &long, &long
			l.ManagedFields = append(l.ManagedFields, metav1.ManagedFieldsEntry{Manager: long})
		}, true},
		"with a standing beyond all measure": {func(l *coordinationv1.Lease) { l.Annotations[standingAnnotation] += long }, false},
	} {
		t.Run(name, func(t *testing.T) {
			lease := leaseOf(&r, &of, "", time.Now())
			c.change(lease)
			kept, err := trimLease(lease)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(kept)
			if err != nil || len(text) > 1<<10 {
				t.Errorf("%d bytes are kept, %v", len(text), err)
			}
			got, ok := readStanding(kept.(*coordinationv1.Lease))
			if ok != c.want || ok && got != of {
				t.Errorf("it is read as %+v, %v", got, ok)
			}
		})
	}
}
