// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReplicasTellTheAddressesOfTheirMachines(t *testing.T) {
	r := Replica{Name: "a", Address: netip.MustParseAddr("10.244.1.9"), Machine: "10.244.1.9,fd00:10::9,192.168.7.1"}
	read, ok := readReplica(leaseOf(&r, &standing{}, "", time.Unix(1, 0)))
	if !ok || read.Machine != r.Machine {
		t.Fatalf("the Lease reads as %+v, %t", read, ok)
	}
	replicas := newReplicas(nil, r, "warren", nil)
	replicas.ready.Store(&[]Replica{read, {Address: netip.MustParseAddr("10.244.2.9")}}) // the second is of an earlier version
	want := []netip.Addr{netip.MustParseAddr("10.244.1.9"), netip.MustParseAddr("10.244.1.9"), netip.MustParseAddr("fd00:10::9"),
		netip.MustParseAddr("192.168.7.1"), netip.MustParseAddr("10.244.2.9")}
	if diff := cmp.Diff(want, replicas.Machines(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
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
