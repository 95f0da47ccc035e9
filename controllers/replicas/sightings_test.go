// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAReplicaIsAliveWhileItsLeaseIsRenewedAsOftenAsOurs(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	type step struct {
		// lease is whose Lease is seen. renewed is when it says that it was renewed, from the start.
		lease   string
		renewed time.Duration
		ending  bool
		gone    bool
	}
	beats := func(from, n int) []step {
		var steps []step
		for i := range n {
			steps = append(steps, step{lease: "self", renewed: time.Duration(from+i) * replicaRenewal})
		}
		return steps
	}
	for _, test := range []struct {
		name  string
		steps []step
		want  []string
	}{
		{"nobody is known at first", nil, nil},
		{"two Leases are two replicas", []step{{lease: "self"}, {lease: "b"}, {lease: "a"}}, []string{"a", "b", "self"}},
		{"one that ends takes no requests", []step{{lease: "self"}, {lease: "a", ending: true}}, []string{"self"}},
		{"a deleted Lease is gone at once", []step{{lease: "self"}, {lease: "a"}, {lease: "a", gone: true}}, []string{"self"}},
		{"three renewals may be missed", append([]step{{lease: "self"}, {lease: "a"}}, beats(1, 3)...), []string{"a", "self"}},
		{"four may not", append([]step{{lease: "self"}, {lease: "a"}}, beats(1, 4)...), []string{"self"}},
		{"any change of the Lease is a sign of life",
			append(append([]step{{lease: "self"}, {lease: "a"}}, beats(1, 3)...), append([]step{{lease: "a"}}, beats(4, 3)...)...),
			[]string{"a", "self"}},
		{"what is no renewal of ours does not count as one",
			append([]step{{lease: "self"}, {lease: "a"}}, step{lease: "self"}, step{lease: "self"}, step{lease: "self"}, step{lease: "self"}),
			[]string{"a", "self"}},
		{"without renewals of ours nobody expires, however long it takes",
			[]step{{lease: "self"}, {lease: "a"}, {lease: "b", renewed: time.Hour}}, []string{"a", "b", "self"}},
		{"a Lease that is old when it is first seen is a dead replica's", []step{{lease: "self"}, {lease: "a", renewed: -time.Hour}}, []string{"self"}},
		{"unless it is renewed", []step{{lease: "self"}, {lease: "a", renewed: -time.Hour}, {lease: "a", renewed: replicaRenewal - time.Hour}},
			[]string{"a", "self"}},
		{"a clock that is ahead does no harm", []step{{lease: "self"}, {lease: "a", renewed: time.Hour}}, []string{"a", "self"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			self := Replica{Name: "self"}
			s := sightings{self: self.leaseName(), last: map[string]sighting{}}
			for _, step := range test.steps {
				r := Replica{Name: step.lease, Address: netip.MustParseAddr("10.0.0.1"), HTTPPort: 8000, HealthPort: 8081, ready: !step.ending}
				if step.gone {
					s.forget(r.leaseName())
					continue
				}
				s.see(leaseOf(&r, &standing{namespace: "system", class: "warren"}, "", start.Add(step.renewed)), start)
			}
			var got []string
			for _, r := range s.ready() {
				got = append(got, r.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("ready replicas (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALeaseThatTellsNoAddressIsNoReplica(t *testing.T) {
	r := Replica{Name: "a", Address: netip.MustParseAddr("fd00::1"), HTTPPort: 8000, HealthPort: 8081, ready: true, serves: "x"}
	of := &standing{namespace: "system", class: "warren"}
	if got, ok := readReplica(leaseOf(&r, of, "", time.Now())); !ok || got != r {
		t.Errorf("what was written is read as %+v, %t, want %+v", got, ok, r)
	}
	for _, annotation := range []string{addressAnnotation, httpPortAnnotation, healthPortAnnotation} {
		lease := leaseOf(&r, &standing{namespace: "system", class: "warren"}, "", time.Now())
		lease.Annotations[annotation] = "70000"
		if got, ok := readReplica(lease); ok {
			t.Errorf("with a bad %s it is read as %+v, want none", annotation, got)
		}
	}
}
