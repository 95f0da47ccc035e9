// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// says waits until the status of an Ingress is about its present generation and has the wanted conditions. Each is
// Type=Status Reason, in the order of their types.
func (s *scene) says(object *v1alpha1.Ingress, want ...string) {
	s.t.Helper()
	eventually(s.t, "the status of Ingress "+object.Name, func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		if object.Status.ObservedGeneration != object.Generation {
			return fmt.Errorf("status.observedGeneration is %d, want %d", object.Status.ObservedGeneration, object.Generation)
		}
		var got []string
		for _, c := range object.Status.Conditions {
			got = append(got, fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason))
		}
		slices.Sort(got)
		if diff := gocmp.Diff(want, got); diff != "" {
			return fmt.Errorf("conditions (-want +got):\n%s", diff)
		}
		return nil
	})
}

var wellServed = []string{"Accepted=True Accepted", "Programmed=True Programmed", "Ready=True Served", "ResolvedRefs=True ResolvedRefs"}

func TestStatusFollowsTheSpecAndWhatIsBehindIt(t *testing.T) {
	s := newScene(t)
	web := s.backend("web", 1, 0)
	shop := ingress("shop", map[string]string{s.host() + "/": "web"})
	s.create(shop)
	s.says(shop, wellServed...)

	s.change(t, shop, func() { shop.Spec.Rules[0].Paths[0].Backend.ServiceName = "nothing" })
	s.says(shop, "Accepted=True Accepted", "Programmed=True Programmed", "Ready=False ServiceNotFound", "Reconciling=True ServiceNotFound", "ResolvedRefs=False ServiceNotFound")
	everywhere(t, "the path without a service to say so", request{host: s.host(), target: "/"},
		refused(http.StatusServiceUnavailable, "NoHealthyTask"))

	s.change(t, shop, func() { shop.Spec.Rules[0].Paths[0].Backend.ServiceName = "web" })
	s.says(shop, wellServed...)

	s.change(t, web, func() { web.Spec.Replicas = new(int32(0)) })
	s.says(shop, "Accepted=True Accepted", "Programmed=True Programmed", "Ready=False NoEndpoints", "Reconciling=True NoEndpoints", "ResolvedRefs=False NoEndpoints")

	// Writing an event takes other rights than writing a status.
	eventually(t, "an event that tells of it", func(ctx context.Context) error {
		var events eventsv1.EventList
		if err := s.List(ctx, &events, client.InNamespace(s.namespace)); err != nil {
			return err
		}
		for _, event := range events.Items {
			if event.Regarding.UID == shop.UID && event.Reason == v1alpha1.ReasonNoEndpoints {
				return nil
			}
		}
		return fmt.Errorf("there are %d events, and none of them is NoEndpoints about the Ingress", len(events.Items))
	})
}

func TestStatusTellsTheAddressOfTheLoadBalancer(t *testing.T) {
	s := newScene(t)
	s.backend("web", 1, 0)
	shop := ingress("shop", map[string]string{s.host() + "/": "web"})
	s.create(shop)

	balancer := s.loadBalancer()
	var want []v1alpha1.LoadBalancerIngress
	for _, at := range balancer.Status.LoadBalancer.Ingress {
		want = append(want, v1alpha1.LoadBalancerIngress{IP: at.IP, Hostname: at.Hostname})
	}
	byAddress := func(a, b v1alpha1.LoadBalancerIngress) int { return cmp.Compare(a.IP+a.Hostname, b.IP+b.Hostname) }
	slices.SortFunc(want, byAddress)
	eventually(t, "the address in the status", func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(shop), shop); err != nil {
			return err
		}
		got := slices.SortedFunc(slices.Values(shop.Status.LoadBalancer.Ingress), byAddress)
		if diff := gocmp.Diff(want, got); diff != "" {
			return fmt.Errorf("status.loadBalancer.ingress (-want +got):\n%s", diff)
		}
		return nil
	})
}

// loadBalancer returns the controller's Service once it has the addresses of a load balancer. If the test made them,
// they go when the test ends.
func (s *scene) loadBalancer() *corev1.Service {
	s.t.Helper()
	balancer := &corev1.Service{}
	if err := s.Get(s.t.Context(), client.ObjectKey{Namespace: systemNamespace, Name: systemName}, balancer); err != nil {
		s.t.Fatalf("reading the controller's Service: %v", err)
	}
	if len(balancer.Status.LoadBalancer.Ingress) == 0 {
		// Nothing in this cluster makes load balancers. The test writes what the provider's controller would.
		s.publish(s.t.Context(), balancer, corev1.LoadBalancerIngress{IP: "192.0.2.1"}, corev1.LoadBalancerIngress{Hostname: "lb.example.com"})
		s.t.Cleanup(func() { s.publish(context.Background(), balancer) })
	}
	return balancer
}

// publish writes the addresses of a load balancer into a Service.
func (s *scene) publish(ctx context.Context, service *corev1.Service, addresses ...corev1.LoadBalancerIngress) {
	s.t.Helper()
	before := service.DeepCopy()
	service.Status.LoadBalancer.Ingress = addresses
	if err := s.Status().Patch(ctx, service, client.MergeFrom(before)); err != nil {
		s.t.Errorf("writing the addresses of the controller's Service: %v", err)
	}
}
