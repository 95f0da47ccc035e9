// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

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

// counting counts what is written.
type counting struct {
	client.Client
	updates, deletions, creations int
}

func (c *counting) Update(context.Context, client.Object, ...client.UpdateOption) error {
	c.updates++
	return nil
}

func (c *counting) Delete(context.Context, client.Object, ...client.DeleteOption) error {
	c.deletions++
	return nil
}

func (c *counting) Create(context.Context, client.Object, ...client.CreateOption) error {
	c.creations++
	return nil
}

func TestAnEndpointSliceThatOthersChangeIsWrittenBackLessAndLessOften(t *testing.T) {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-warren", UID: "service"}}
	plan := &gatewayapi.ServicePlan{Ports: []gatewayapi.ServicePort{{Port: 80, Target: 20000}}}
	wanted := func(address string) *discoveryv1.EndpointSlice {
		return sliceOf(service, plan, discoveryv1.AddressTypeIPv4, []replicas.Replica{{Address: netip.MustParseAddr(address)}})
	}
	for name, test := range map[string]struct {
		change func(*discoveryv1.EndpointSlice)
		want   counting
	}{
		"its ports": {func(s *discoveryv1.EndpointSlice) { s.Ports = nil }, counting{updates: rewritesAtOnce}},
		"its owner": {func(s *discoveryv1.EndpointSlice) { s.OwnerReferences = nil }, counting{deletions: rewritesAtOnce, creations: rewritesAtOnce}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // Time passes only while all sleep.
				c := &counting{}
				r := &ServiceReconciler{Client: c, sliceRewrites: make(rewrites)}
				settle := func(to *discoveryv1.EndpointSlice) {
					have := to.DeepCopy()
					test.change(have)
					if err := r.settleSlice(t.Context(), service, have, to); err != nil {
						t.Fatal(err)
					}
				}
				for range 3 * rewritesAtOnce {
					settle(wanted("10.0.0.1"))
				}
				if *c != test.want {
					t.Errorf("at once, what is written is %+v, want %+v", *c, test.want)
				}
				before := c.updates + c.deletions
				time.Sleep(rewriteFirst)
				settle(wanted("10.0.0.1"))
				settle(wanted("10.0.0.1"))
				if n := c.updates + c.deletions - before; n != 1 {
					t.Errorf("after %v, it is written %d times, want once", rewriteFirst, n)
				}
				settle(wanted("10.0.0.2"))
				if n := c.updates + c.deletions - before; n != 2 {
					t.Error("another replica has to wait")
				}
			})
		})
	}
}

func TestAnEndpointSliceOfOthersIsNotOurs(t *testing.T) {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-warren", UID: "service"}}
	for name, test := range map[string]struct {
		change func(*discoveryv1.EndpointSlice)
		want   bool
	}{
		"as it was made":    {func(*discoveryv1.EndpointSlice) {}, true},
		"without the label": {func(s *discoveryv1.EndpointSlice) { delete(s.Labels, discoveryv1.LabelManagedBy) }, true},
		"without the owner": {func(s *discoveryv1.EndpointSlice) { s.OwnerReferences = nil }, true},
		"of a Service that is gone": {func(s *discoveryv1.EndpointSlice) {
			s.Labels, s.OwnerReferences[0].UID = nil, "before"
		}, true},
		"of another Service": {func(s *discoveryv1.EndpointSlice) { s.Labels, s.OwnerReferences[0].Name = nil, "other" }, false},
		"of another kind":    {func(s *discoveryv1.EndpointSlice) { s.Labels, s.OwnerReferences[0].APIVersion = nil, "example.com/v1" }, false},
		"of nobody": {func(s *discoveryv1.EndpointSlice) {
			s.Labels[discoveryv1.LabelManagedBy], s.OwnerReferences = "someone", nil
		}, false},
	} {
		slice := sliceOf(service, &gatewayapi.ServicePlan{}, discoveryv1.AddressTypeIPv4, nil)
		test.change(slice)
		if got := isOwnSlice(slice, service); got != test.want {
			t.Errorf("%s, it is ours: %t, want %t", name, got, test.want)
		}
	}
}
