// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/test/fixture"
)

// discovering is a Discovery of the cluster's blue namespace that runs until the test ends, and a count of what it
// told.
type discovering struct {
	*Discovery
	k      *fixture.Cluster
	events atomic.Int64
}

// discovers makes one of these names.
func discovers(k *fixture.Cluster, names ...string) *discovering {
	k.T.Helper()
	d := &discovering{k: k, Discovery: &Discovery{reader: k.Client}}
	options := d.cacheOptions([]string{k.Blue})
	options.Scheme = k.Scheme()
	var err error
	if d.cache, err = cache.New(k.Config, options); err != nil {
		k.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(k.T.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.cache.Start(ctx) }()
	k.T.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			k.T.Error(err)
		}
	})
	handler := toolscache.ResourceEventHandlerFuncs{AddFunc: func(any) { d.events.Add(1) },
		UpdateFunc: func(any, any) { d.events.Add(1) }, DeleteFunc: func(any) { d.events.Add(1) }}
	if synced, err := d.Start(ctx, d.named(names), handler); !synced || err != nil {
		k.T.Fatalf("synced %t, %v", synced, err)
	}
	return d
}

func (d *discovering) named(names []string) map[types.NamespacedName]struct{} {
	set := make(map[types.NamespacedName]struct{})
	for _, name := range names {
		set[types.NamespacedName{Namespace: d.k.Blue, Name: name}] = struct{}{}
	}
	return set
}

// finds returns the Services that are found if these are named, each with its ports and addresses.
func (d *discovering) finds(names ...string) []string {
	d.k.T.Helper()
	services, endpoints, err := d.Read(d.k.T.Context(), d.named(names))
	if err != nil {
		d.k.T.Fatal(err)
	}
	var found []string
	for _, s := range services {
		var addresses []string
		for _, slice := range endpoints {
			for _, e := range slice.Endpoints {
				if serviceOf(slice).Name == s.Name {
					addresses = append(addresses, e.Addresses...)
				}
			}
		}
		found = append(found, fmt.Sprintf("%s:%d %s", s.Name, s.Spec.Ports[0].Port, strings.Join(addresses, " ")))
	}
	slices.Sort(found)
	return found
}

// has waits until the cache has an object as it now is in the cluster.
func (d *discovering) has(object client.Object) {
	d.k.T.Helper()
	d.k.Reload(object)
	cached := object.DeepCopyObject().(client.Object)
	fixture.Eventually(d.k.T, func() error {
		if err := d.cache.Get(d.k.T.Context(), client.ObjectKeyFromObject(object), cached); err != nil {
			return err
		}
		if got, want := cached.GetResourceVersion(), object.GetResourceVersion(); got != want {
			return fmt.Errorf("the cache has version %s of %s, want %s", got, object.GetName(), want)
		}
		return nil
	})
}

func TestOfServicesThatNothingNamesNothingIsHeldAndNothingFollows(t *testing.T) {
	t.Parallel()
	k := fixture.New(t, &api)
	api, apiSlice := fixture.KubernetesService(k.Blue, "api", "10.1.0.1")
	other, otherSlice := fixture.KubernetesService(k.Blue, "other", "10.1.0.2")
	k.Make(api, apiSlice, other, otherSlice)
	d := discovers(k, "api")
	d.has(api)
	d.has(apiSlice)
	fixture.Eventually(t, func() error {
		if n := d.events.Load(); n != 2 {
			return fmt.Errorf("%d events, want 2, of the Service that is named and its slice", n)
		}
		return nil
	})

	k.Change(other, func() { other.Spec.Ports[0].Port = 81 })
	k.Change(otherSlice, func() { otherSlice.Endpoints[0].Addresses[0] = "10.1.0.3" })
	another, anotherSlice := fixture.KubernetesService(k.Blue, "another", "10.1.0.4")
	k.Make(another, anotherSlice)
	for _, object := range []client.Object{other, otherSlice, another, anotherSlice} {
		d.has(object)
	}
	k.Remove(another)
	k.Change(apiSlice, func() { apiSlice.Endpoints[0].Addresses[0] = "10.1.0.5" }) // after which all before it has been told
	d.has(apiSlice)
	fixture.Eventually(t, func() error {
		if n := d.events.Load(); n != 3 {
			return fmt.Errorf("%d events, want 3: that of the slice of the Service that is named on top", n)
		}
		return nil
	})
	var services corev1.ServiceList
	var endpoints discoveryv1.EndpointSliceList
	for _, list := range []client.ObjectList{&services, &endpoints} {
		if err := d.cache.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range services.Items {
		if s.Name != "api" && (s.Spec.Type != "" || len(s.Spec.Ports) > 0 || !s.CreationTimestamp.IsZero()) {
			t.Errorf("of the Service %s, which nothing names, the cache has %+v", s.Name, s)
		}
	}
	for _, s := range endpoints.Items {
		if serviceOf(&s).Name != "api" && (len(s.Endpoints) > 0 || len(s.Ports) > 0) {
			t.Errorf("of the EndpointSlice %s, whose Service nothing names, the cache has %+v", s.Name, s)
		}
	}
	if diff := cmp.Diff([]string{"api:80 10.1.0.5"}, d.finds("api")); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestAServiceThatComesToBeNamedIsFound(t *testing.T) {
	t.Parallel()
	k := fixture.New(t, &api)
	late, lateSlice := fixture.KubernetesService(k.Blue, "late", "10.1.0.1")
	k.Make(late, lateSlice)
	d := discovers(k)
	finds := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, d.finds("late", "missing")); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
	}
	finds("late:80 10.1.0.1")
	finds("late:80 10.1.0.1") // not read anew: what was read is still there
	if len(d.services) != 1 || len(d.slices) != 1 {
		t.Errorf("%d Services and %d slices are held that were read beside the cache, want one each", len(d.services), len(d.slices))
	}

	k.Change(late, func() { late.Spec.Ports[0].Port = 81 })
	k.Change(lateSlice, func() { lateSlice.Endpoints[0].Addresses[0] = "10.1.0.2" })
	d.has(late)
	d.has(lateSlice)
	finds("late:81 10.1.0.2")
	if len(d.services)+len(d.slices) != 0 {
		t.Error("what the cache has whole is held twice")
	}

	d.finds() // nothing is named
	k.Change(late, func() { late.Spec.Ports[0].Port = 82 })
	d.has(late)
	finds("late:82 10.1.0.2")
	k.Remove(lateSlice)
	fixture.Eventually(t, func() error {
		if diff := cmp.Diff([]string{"late:82 "}, d.finds("late")); diff != "" {
			return fmt.Errorf("found (-want +got):\n%s", diff)
		}
		return nil
	})
}

func TestManyServicesThatComeToBeNamedAtOnceAreFound(t *testing.T) {
	t.Parallel()
	k := fixture.New(t, &api)
	var names, want []string
	for i := range recallOneByOne + 3 {
		service, slice := fixture.KubernetesService(k.Blue, fmt.Sprintf("service-%02d", i), fmt.Sprintf("10.1.0.%d", i+1))
		k.Make(service, slice)
		names = append(names, service.Name)
		want = append(want, fmt.Sprintf("%s:80 10.1.0.%d", service.Name, i+1))
	}
	d := discovers(k)
	// All but the last, which must not be found with the others.
	if diff := cmp.Diff(want[:len(want)-1], d.finds(names[:len(names)-1]...)); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

// always makes a transform of a function that cannot fail.
func always[T any](trim func(T) T) func(any) (any, error) {
	return func(object any) (any, error) { return trim(object.(T)), nil }
}

func TestWhatTheCacheKeepsOfAServiceAndItsSlices(t *testing.T) {
	full := metav1.ObjectMeta{
		Namespace: "default", Name: "a", UID: "u", Generation: 2, ResourceVersion: "7",
		Labels:      map[string]string{discoveryv1.LabelServiceName: "api", "app": "api"},
		Annotations: map[string]string{corev1.LastAppliedConfigAnnotation: "{}", "note": "n"},
		ManagedFields: []metav1.ManagedFieldsEntry{
			{Manager: "kubectl", Operation: "Update", FieldsV1: metav1.NewFieldsV1("{}")},
			{Manager: "warren-ingress/warren", Operation: "Update", Subresource: "status", FieldsV1: metav1.NewFieldsV1("{}")},
		},
	}
	bare := metav1.ObjectMeta{Namespace: "default", Name: "a", UID: "u", Generation: 2, ResourceVersion: "7"}
	tests := map[string]struct {
		trim     func(any) (any, error)
		from, to any
	}{
		"a Service: type and ports": {
			trim: always(trimmedService),
			from: &corev1.Service{ObjectMeta: *full.DeepCopy(), Spec: corev1.ServiceSpec{Type: "ClusterIP", ClusterIP: "10.96.0.7",
				Selector: map[string]string{"app": "api"}, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}}},
			to: &corev1.Service{ObjectMeta: bare, Spec: corev1.ServiceSpec{Type: "ClusterIP",
				Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}}},
		},
		"a slice: its service, addresses and conditions": {
			trim: always(trimmedEndpointSlice),
			from: &discoveryv1.EndpointSlice{ObjectMeta: *full.DeepCopy(), Endpoints: []discoveryv1.Endpoint{{
				Addresses: []string{"10.1.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}, NodeName: new("node-1"),
				TargetRef: &corev1.ObjectReference{Name: "api-x"}}}},
			to: &discoveryv1.EndpointSlice{
				ObjectMeta: func() metav1.ObjectMeta {
					kept := bare
					kept.Labels = map[string]string{discoveryv1.LabelServiceName: "api"}
					return kept
				}(),
				Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.1.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := test.trim(test.from)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.to, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
