// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestTheAddressesOfAllReplicasThatHaveALeaseAreKnown(t *testing.T) {
	self := Replica{Name: "self", Address: netip.MustParseAddr("10.244.1.9"), Machine: "10.244.1.9,fd00:10::9,192.168.7.1", ready: true}
	of := standing{namespace: "own", class: "public"}
	p := newPeers(of, types.NamespacedName{Namespace: "own", Name: self.leaseName()}, true, nil)
	p.among = []string{"other"}
	changes := 0
	p.Subscribe(func() { changes++ })
	see := func(namespace, class string, r Replica, renewed time.Time, change func(*coordinationv1.Lease)) {
		lease := leaseOf(&r, &standing{namespace: namespace, class: class, watches: "elsewhere"}, "", renewed)
		change(lease)
		kept, err := trimLease(lease)
		if err != nil {
			t.Fatal(err)
		}
		p.see(t.Context(), kept.(*coordinationv1.Lease), time.Now())
	}
	now := time.Now()
	asWritten := func(*coordinationv1.Lease) {}
	see("own", "public", self, now, asWritten)
	see("own", "internal", Replica{Name: "class", Address: netip.MustParseAddr("10.244.2.1"), Machine: "10.244.2.2"}, now, asWritten)
	see("other", "internal", Replica{Name: "peer", Address: netip.MustParseAddr("10.244.3.1")}, now, asWritten)
	see("own", "public", Replica{Name: "cut-off", Address: netip.MustParseAddr("10.244.4.1")}, now.Add(-time.Hour), asWritten)
	see("own", "public", Replica{Name: "earlier", Address: netip.MustParseAddr("10.244.5.1")}, now, func(l *coordinationv1.Lease) {
		delete(l.Annotations, standingAnnotation)
		delete(l.Annotations, machineAnnotation)
	})
	see("tenant", "public", Replica{Name: "forged", Address: netip.MustParseAddr("10.244.6.1")}, now, asWritten)
	see("own", "public", Replica{Name: "huge", Address: netip.MustParseAddr("10.244.7.1"), Machine: strings.Repeat("10.0.0.1,", 1<<10)}, now, asWritten)
	check := func(want ...string) {
		t.Helper()
		var got []string
		for _, address := range p.Machines() {
			got = append(got, address.String())
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("the addresses are %q, want %q", got, want)
		}
	}
	check("10.244.1.9", "10.244.2.1", "10.244.2.2", "10.244.3.1", "10.244.4.1", "10.244.5.1", "10.244.7.1", "192.168.7.1", "fd00:10::9")

	before := changes
	see("other", "internal", Replica{Name: "peer", Address: netip.MustParseAddr("10.244.3.1")}, now.Add(time.Second), asWritten)
	if changes != before {
		t.Error("a renewal counts as a change")
	}
	peer := Replica{Name: "peer"}
	p.leave(t.Context(), types.NamespacedName{Namespace: "other", Name: peer.leaseName()})
	if changes == before {
		t.Error("nobody is told that a replica has left")
	}
	check("10.244.1.9", "10.244.2.1", "10.244.2.2", "10.244.4.1", "10.244.5.1", "10.244.7.1", "192.168.7.1", "fd00:10::9")
}

func TestAMachineHasNoAddressThatEveryMachineHas(t *testing.T) {
	text, err := Machine()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range ParseMachine(text) {
		if address.IsLoopback() || address.IsLinkLocalUnicast() || address.IsMulticast() {
			t.Errorf("%s is told", address)
		}
	}
}
