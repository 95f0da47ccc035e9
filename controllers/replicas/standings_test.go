// SPDX-License-Identifier: Apache-2.0

package replicas

import "testing"

func TestStandingsSayWhoServesTheSame(t *testing.T) {
	self := Replica{Name: "b", serves: "one"}
	r := newReplicas(nil, self, "warren", nil)
	if got := r.Standings(); len(got) != 0 {
		t.Errorf("before any Lease there are %+v", got)
	}
	r.ready.Store(&[]Replica{{Name: "a", serves: "one"}, self, {Name: "c", serves: "another"}})
	got := r.Standings()
	if len(got) != 3 || !got[0].Alike || got[0].Self || !got[1].Alike || !got[1].Self || got[2].Alike || got[2].Self {
		t.Errorf("the standings are %+v", got)
	}
	r.ready.Store(&[]Replica{{Name: "a", serves: ""}})
	if got := r.Standings(); got[0].Alike {
		t.Errorf("without an own Lease, another one serves the same: %+v", got)
	}
}
