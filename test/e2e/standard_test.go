// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The tests in the files named standard_ are the scenarios of the conformance of networking.k8s.io Ingresses. Every
// controller of that kind has to do this.

// standard is an Ingress of networking.k8s.io of the class that the installation makes.
func standard(name string, rules ...networkingv1.IngressRule) *networkingv1.Ingress {
	return &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: networkingv1.IngressSpec{IngressClassName: new("warren"), Rules: rules}}
}

func standardRule(host string, paths ...networkingv1.HTTPIngressPath) networkingv1.IngressRule {
	return networkingv1.IngressRule{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{
		HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}}}
}

func standardPath(pathType networkingv1.PathType, path, service string) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{Path: path, PathType: &pathType, Backend: standardBackend(service)}
}

func standardBackend(service string) networkingv1.IngressBackend {
	return networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
		Name: service, Port: networkingv1.ServiceBackendPort{Number: backendPort}}}
}

// backends runs a pod behind each of these Services, and returns when all are ready.
func (s *scene) backends(names ...string) {
	s.t.Helper()
	var deployments []*appsv1.Deployment
	for _, name := range names {
		deployment := backendPods(name, 1, 0)
		s.create(deployment, service(name))
		deployments = append(deployments, deployment)
	}
	for _, deployment := range deployments {
		s.settled(deployment)
	}
}

// exposes makes an Ingress. It returns when its status shows where it is exposed. The Ingress is deleted before the
// test ends, so that it is in no other test's way.
func (s *scene) exposes(object *networkingv1.Ingress) {
	s.t.Helper()
	balancer := s.loadBalancer()
	s.create(object)
	s.t.Cleanup(func() { s.remove(object) })
	eventually(s.t, "the address in the status of "+object.Name, func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		if got, want := len(object.Status.LoadBalancer.Ingress), len(balancer.Status.LoadBalancer.Ingress); got != want {
			return fmt.Errorf("the status has %d addresses, want %d", got, want)
		}
		return nil
	})
}

// remove deletes an Ingress and returns when it is gone.
func (s *scene) remove(object *networkingv1.Ingress) {
	ctx := context.Background() // the test's context has ended
	if err := s.Delete(ctx, object); client.IgnoreNotFound(err) != nil {
		s.t.Errorf("deleting Ingress %s: %v", object.Name, err)
	}
	if err := await(ctx, "Ingress "+object.Name+" to go", func(ctx context.Context) error { return s.gone(ctx, object) }); err != nil {
		s.t.Error(err)
	}
}

// standardCase is a request and the service that answers it, or 404 if none does.
type standardCase struct {
	name, host, target, service string
}

// answersAre checks on every replica that each request gets the right answer.
func answersAre(t *testing.T, cases []standardCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			check := refused(http.StatusNotFound, "RouteNotFound")
			if test.service != "" {
				check = both(arrivedAs(test.service, test.target), func(got *reply) error {
					if got.arrival.Host != test.host {
						return fmt.Errorf("the pod was asked as %q, want %q", got.arrival.Host, test.host)
					}
					return nil
				})
			}
			everywhere(t, "the answer", request{method: http.MethodGet, host: test.host, target: test.target}, check)
		})
	}
}

func TestAStandardIngressOfAnotherClassIsLeftAlone(t *testing.T) {
	s := newScene(t)
	s.backends("web")
	host := s.host()
	theirs := standard("theirs", standardRule(host, standardPath(networkingv1.PathTypePrefix, "/", "web")))
	theirs.Spec.IngressClassName = new("some-invalid-class-name")
	s.create(theirs)

	// Once a younger Ingress has an address, the older one would have had its own.
	ours := standard("ours", standardRule("ours."+host, standardPath(networkingv1.PathTypePrefix, "/", "web")))
	s.exposes(ours)
	answersAre(t, []standardCase{
		{"our class", "ours." + host, "/", "web"},
		{"another class", host, "/", ""},
	})
	if err := s.Get(t.Context(), client.ObjectKeyFromObject(theirs), theirs); err != nil {
		t.Fatal(err)
	}
	if n := len(theirs.Status.LoadBalancer.Ingress); n > 0 {
		t.Errorf("the status of an Ingress of another class has %d addresses", n)
	}
}

func TestAStandardIngressReachesEachOfTenPods(t *testing.T) {
	s := newScene(t)
	web := s.backend("web", 10, 0)
	object := standard("balanced")
	backend := standardBackend("web")
	object.Spec.DefaultBackend = &backend
	s.exposes(object)
	everywhere(t, "the default backend", request{method: http.MethodGet, host: s.host(), target: "/"}, answered("web"))

	want, err := s.pods(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != 10 {
		t.Fatalf("there are the pods %q, want 10", want)
	}
	client := newClient(true)
	// A replica hears of the last pods a moment after they are ready.
	eventually(t, "each pod to be reached", func(ctx context.Context) error {
		var got []string
		for range 100 {
			reply, err := exchange(ctx, client, request{method: http.MethodGet, host: "load-balancing", target: "/"})
			if err != nil {
				return err
			}
			if err := answered("web")(reply); err != nil {
				return err
			}
			got = append(got, reply.arrival.Pod)
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			return fmt.Errorf("100 requests were answered by %q, want each of %q", got, want)
		}
		return nil
	})
}

func TestADefaultBackendOfAStandardIngressAnswersEveryRequest(t *testing.T) {
	s := newScene(t)
	s.backends("echo")
	object := standard("default-backend")
	backend := standardBackend("echo")
	object.Spec.DefaultBackend = &backend
	s.exposes(object)
	for _, test := range []struct{ method, host, target string }{
		{http.MethodGet, "my-host", "/"},
		{http.MethodGet, "my-host", "/sub-path"},
		{http.MethodPost, "some-host", "/"},
		{http.MethodPut, warren.http, "/resource"},
		{http.MethodDelete, "some-host", "/resource"},
		{http.MethodPatch, "my-host", "/resource"},
	} {
		t.Run(test.method+" "+test.host+test.target, func(t *testing.T) {
			everywhere(t, "the answer", request{method: test.method, host: test.host, target: test.target},
				both(arrivedAs("echo", test.target), func(got *reply) error {
					if got.arrival.Method != test.method {
						return errors.New("the pod was asked by " + got.arrival.Method)
					}
					return nil
				}))
		})
	}
}
