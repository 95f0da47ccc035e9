// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	namespace   = "churn"
	servicePort = 8080
	// rulesPerIngress is below the 64 that an Ingress may have.
	rulesPerIngress = 50
	// writers is how many objects, or changes, are made at the same time.
	writers = 16
)

func serviceName(service int) string { return fmt.Sprintf("service-%d", service) }

func hostOf(service int) string { return serviceName(service) + ".example.com" }

func taskName(service, task int) string { return fmt.Sprintf("%s-%d", serviceName(service), task) }

// populate makes everything whose number does not change: a host and some Tasks for each service. Requests of the
// watched services all go to their first Task, which is at the backend. Nobody asks for the others.
func populate(ctx context.Context, c client.Client, o options, backend netip.AddrPort) error {
	if err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		return fmt.Errorf("making the namespace: %w", err)
	}
	var objects []client.Object
	for first := 0; first < o.services; first += rulesPerIngress {
		ingress := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("hosts-%d", first)}}
		for service := first; service < min(first+rulesPerIngress, o.services); service++ {
			ingress.Spec.Rules = append(ingress.Spec.Rules, v1alpha1.IngressRule{
				Host: v1alpha1.Host(hostOf(service)),
				Paths: []v1alpha1.IngressPath{{Path: "/", Backend: v1alpha1.IngressBackend{
					ServiceName: v1alpha1.ServiceName(serviceName(service)), Port: servicePort}}},
			})
		}
		objects = append(objects, ingress)
	}
	for service := range o.services {
		for task := range o.tasks {
			objects = append(objects, taskOf(service, task, backend))
		}
	}
	return inParallel(objects, func(object client.Object) error {
		if err := c.Create(ctx, object); err != nil {
			return fmt.Errorf("making %T %s: %w", object, object.GetName(), err)
		}
		return nil
	})
}

func taskOf(service, task int, backend netip.AddrPort) *v1alpha1.Task {
	made := &v1alpha1.Task{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: taskName(service, task)},
		Spec: v1alpha1.TaskSpec{
			ServiceName: v1alpha1.ServiceName(serviceName(service)),
			Address:     v1alpha1.Address(netip.AddrFrom4([4]byte{10, byte(service >> 8), byte(service), byte(task + 1)}).String()),
		},
	}
	if service < watchedServices {
		made.Spec.Weight = new(int32(0))
		if task == 0 {
			made.Spec.Weight = new(int32(1))
			made.Spec.Address = v1alpha1.Address(backend.Addr().String())
			made.Spec.Ports = portsTo(backend)
		}
	}
	return made
}

func portsTo(backend netip.AddrPort) []v1alpha1.TaskPort {
	return []v1alpha1.TaskPort{{Port: servicePort, TargetPort: v1alpha1.Port(backend.Port())}}
}

// inParallel calls do with each object, and returns the first error.
func inParallel(objects []client.Object, do func(client.Object) error) error {
	next := make(chan client.Object)
	failed := make(chan error, writers)
	var working sync.WaitGroup
	for range writers {
		working.Go(func() {
			for object := range next {
				if err := do(object); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	defer working.Wait()
	defer close(next)
	for _, object := range objects {
		select {
		case next <- object:
		case err := <-failed:
			return err
		}
	}
	return nil
}
