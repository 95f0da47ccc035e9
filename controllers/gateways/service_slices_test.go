// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/replicas"
)

func TestReplicasAreBehindServicesOfBothFamilies(t *testing.T) {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-warren"}}
	plan := &gatewayapi.ServicePlan{Ports: []gatewayapi.ServicePort{{Port: 80, Target: 20000}}}
	replica := func(address, machine, node string) replicas.Replica {
		return replicas.Replica{Address: netip.MustParseAddr(address), Machine: machine, Node: node}
	}
	ready := []replicas.Replica{
		replica("10.0.0.1", "10.0.0.1,fd00::1", "one"),
		replica("fd00::2", "10.0.0.2,fd00::2", ""),
		replica("127.0.0.1", "192.0.2.3", ""), // outside of a cluster
		replica("10.0.0.1", "", ""),           // the same as another
		replica("127.0.0.1", "", ""),
	}
	for family, want := range map[discoveryv1.AddressType][]string{
		discoveryv1.AddressTypeIPv4: {"10.0.0.1 one", "10.0.0.2 ", "192.0.2.3 "}, discoveryv1.AddressTypeIPv6: {"fd00::1 one", "fd00::2 "},
	} {
		slice := sliceOf(service, plan, family, ready)
		var got []string
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			node := ""
			if e.NodeName != nil {
				node = *e.NodeName
			}
			got = append(got, fmt.Sprintf("%s %s", e.Addresses[0], node))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("endpoints of %s (-want +got):\n%s", family, diff)
		}
	}
}
