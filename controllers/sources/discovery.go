// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/cluster"
)

// +kubebuilder:rbac:groups="",resources=services,verbs=list;watch
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,verbs=list;watch

// Discovery knows the Services that Ingresses name, and their EndpointSlices. A cluster has many more, and they change
// all the time. Of those the cache keeps only that they exist, and their changes trigger nothing. When an Ingress comes
// to name such a Service, the rest of it is read from the API server, once.
type Discovery struct {
	cache  cache.Cache
	reader client.Reader
	// named are the Services that Ingresses name, nil before that is known.
	named atomic.Pointer[map[types.NamespacedName]struct{}]

	// allServices and allSlices are those in the cache, as they are kept there.
	allServices cluster.Listed[*corev1.Service]
	allSlices   cluster.Listed[*discoveryv1.EndpointSlice]

	// services and slices were read from the API server, because the cache does not keep them whole. Only the goroutine
	// that builds uses them.

	services map[types.NamespacedName]*corev1.Service
	slices   map[types.NamespacedName]*discoveryv1.EndpointSlice
	// latest is what was read last.
	latest discovered
}

// discovered is what was read of a cache, and what it was read from.
type discovered struct {
	named                 map[types.NamespacedName]struct{}
	allServices, services []*corev1.Service
	allSlices, slices     []*discoveryv1.EndpointSlice
}

// AddDiscovery has the manager run the cache of the Services and EndpointSlices of these namespaces, or of all.
func AddDiscovery(mgr ctrl.Manager, namespaces []string) (*Discovery, error) {
	d := NewDiscovery(mgr.GetAPIReader(), nil)
	var err error
	d.cache, err = cluster.AddCache(mgr, d.cacheOptions(namespaces))
	return d, err
}

// NewDiscovery returns a Discovery that knows the Services of a cache, and reads others through from.
func NewDiscovery(from client.Reader, held cache.Cache) *Discovery {
	return &Discovery{reader: from, cache: held}
}

func (d *Discovery) cacheOptions(namespaces []string) cache.Options {
	return cache.Options{DefaultNamespaces: cluster.WatchedNamespaces(namespaces), ByObject: map[client.Object]cache.ByObject{
		&corev1.Service{}:            {Transform: d.trimService},
		&discoveryv1.EndpointSlice{}: {Transform: d.trimEndpointSlice},
	}}
}

// Start fills the cache, now that it is known which Services are named, and waits until it is full. It has handler
// called with every change of those Services. It returns false if ctx ends first.
func (d *Discovery) Start(ctx context.Context, named map[types.NamespacedName]struct{}, handler toolscache.ResourceEventHandler) (bool, error) {
	d.named.Store(&named)
	known, err := d.watch(ctx, toolscache.FilteringResourceEventHandler{FilterFunc: d.concerns, Handler: handler})
	if err != nil {
		return false, err
	}
	return d.cache.WaitForCacheSync(ctx) && toolscache.WaitForCacheSync(ctx.Done(), known...), nil
}

// watch has the lists follow the cache, and handler called with every event. It returns what says whether they are
// full.
func (d *Discovery) watch(ctx context.Context, handler toolscache.ResourceEventHandler) (known []toolscache.InformerSynced, err error) {
	for object, handler := range map[client.Object]toolscache.ResourceEventHandler{
		&corev1.Service{}: d.allServices.Handler(handler), &discoveryv1.EndpointSlice{}: d.allSlices.Handler(handler),
	} {
		informer, err := d.cache.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err != nil {
			return nil, fmt.Errorf("watching %T: %w", object, err)
		}
		registration, err := informer.AddEventHandler(handler)
		if err != nil {
			return nil, fmt.Errorf("watching %T: %w", object, err)
		}
		known = append(known, registration.HasSynced)
	}
	return known, nil
}

// concerns returns whether an object is a named Service, or belongs to one.
func (d *Discovery) concerns(object any) bool {
	switch o := object.(type) {
	case *corev1.Service:
		return d.isNamed(client.ObjectKeyFromObject(o))
	case *discoveryv1.EndpointSlice:
		return d.isNamed(serviceOf(o))
	}
	return true // a deletion of which only the name is known
}

func (d *Discovery) isNamed(service types.NamespacedName) bool {
	named := d.named.Load()
	if named == nil {
		return false
	}
	_, ok := (*named)[service]
	return ok
}

// serviceOf returns the Service that an EndpointSlice belongs to.
func serviceOf(slice *discoveryv1.EndpointSlice) types.NamespacedName {
	return types.NamespacedName{Namespace: slice.Namespace, Name: slice.Labels[discoveryv1.LabelServiceName]}
}

// Read returns the named Services and their EndpointSlices. From now on the cache keeps those whole.
func (d *Discovery) Read(ctx context.Context, named map[types.NamespacedName]struct{}) ([]*corev1.Service, []*discoveryv1.EndpointSlice, error) {
	d.named.Store(&named)
	allServices, allSlices := d.allServices.List(), d.allSlices.List()
	was := d.latest
	sameNames := was.named != nil && reflect.ValueOf(was.named).Pointer() == reflect.ValueOf(named).Pointer()
	d.latest = discovered{named: named, allServices: allServices, services: was.services, allSlices: allSlices, slices: was.slices}
	var hollowServices, hollowSlices map[types.NamespacedName]bool
	if !sameNames || !sameList(was.allServices, allServices) {
		d.latest.services, hollowServices = d.wholeServices(allServices)
	}
	if !sameNames || !sameList(was.allSlices, allSlices) {
		d.latest.slices, hollowSlices = d.wholeSlices(allSlices)
	}
	if len(hollowServices) == 0 && len(hollowSlices) == 0 {
		return d.latest.services, d.latest.slices, nil
	}
	if err := d.recall(ctx, hollowServices, hollowSlices); err != nil {
		d.latest = discovered{}
		return nil, nil, err
	}
	d.latest.services, _ = d.wholeServices(allServices)
	d.latest.slices, _ = d.wholeSlices(allSlices)
	return d.latest.services, d.latest.slices, nil
}

// wholeServices returns the named Services. For those that the cache does not keep whole it takes what was recalled.
// hollow has the names of those of which nothing was recalled. It forgets what was recalled and is not needed any more.
func (d *Discovery) wholeServices(cached []*corev1.Service) (whole []*corev1.Service, hollow map[types.NamespacedName]bool) {
	recalled := d.services
	d.services = nil
	for _, o := range cached {
		key := client.ObjectKeyFromObject(o)
		switch {
		case !d.isNamed(key):
		case o.Spec.Type != "": // The API server always fills it in.
			whole = append(whole, o)
		case recalled[key] == nil:
			hollow = withObject(hollow, key, true)
		default:
			whole = append(whole, recalled[key])
			d.services = withObject(d.services, key, recalled[key])
		}
	}
	return whole, hollow
}

// wholeSlices does the same for EndpointSlices. hollow has the Services of those of which nothing was recalled.
func (d *Discovery) wholeSlices(cached []*discoveryv1.EndpointSlice) (whole []*discoveryv1.EndpointSlice, hollow map[types.NamespacedName]bool) {
	recalled := d.slices
	d.slices = nil
	for _, o := range cached {
		key := client.ObjectKeyFromObject(o)
		switch {
		case !d.isNamed(serviceOf(o)):
		case o.AddressType != "": // Every slice has one.
			whole = append(whole, o)
		case recalled[key] == nil:
			hollow = withObject(hollow, serviceOf(o), true)
		default:
			whole = append(whole, recalled[key])
			d.slices = withObject(d.slices, key, recalled[key])
		}
	}
	return whole, hollow
}

// withObject adds an object to a map, which it makes if it is nil.
func withObject[T any](objects map[types.NamespacedName]T, name types.NamespacedName, object T) map[types.NamespacedName]T {
	if objects == nil {
		objects = make(map[types.NamespacedName]T)
	}
	objects[name] = object
	return objects
}

// recallOneByOne is how many Services of a namespace are asked for by name. For more than that, all are listed.
const recallOneByOne = 8

// recall reads Services, and the EndpointSlices of Services, from the API server. They are at least as new as what the
// cache did not keep, because it asks after the cache was told to keep them.
func (d *Discovery) recall(ctx context.Context, services, ofSlices map[types.NamespacedName]bool) error {
	for namespace, names := range byNamespace(services) {
		for _, only := range selections(names, func(name string) client.ListOption {
			return client.MatchingFields{metav1.ObjectNameField: name}
		}) {
			var list corev1.ServiceList
			if err := d.reader.List(ctx, &list, client.InNamespace(namespace), only); err != nil {
				return fmt.Errorf("reading Services that were not named before: %w", err)
			}
			for i := range list.Items {
				if o := &list.Items[i]; services[client.ObjectKeyFromObject(o)] {
					d.services = withObject(d.services, client.ObjectKeyFromObject(o), trimmedService(o))
				}
			}
		}
	}
	for namespace, names := range byNamespace(ofSlices) {
		for _, only := range selections(names, func(name string) client.ListOption {
			return client.MatchingLabels{discoveryv1.LabelServiceName: name}
		}) {
			var list discoveryv1.EndpointSliceList
			if err := d.reader.List(ctx, &list, client.InNamespace(namespace), only); err != nil {
				return fmt.Errorf("reading EndpointSlices of Services that were not named before: %w", err)
			}
			for i := range list.Items {
				if o := &list.Items[i]; ofSlices[serviceOf(o)] {
					d.slices = withObject(d.slices, client.ObjectKeyFromObject(o), trimmedEndpointSlice(o))
				}
			}
		}
	}
	return nil
}

func byNamespace(names map[types.NamespacedName]bool) map[string][]string {
	grouped := make(map[string][]string)
	for name := range names {
		grouped[name.Namespace] = append(grouped[name.Namespace], name.Name)
	}
	return grouped
}

// selections returns what to list so that the names are among it.
func selections(names []string, by func(name string) client.ListOption) []client.ListOption {
	if len(names) > recallOneByOne {
		return []client.ListOption{client.MatchingLabels{}}
	}
	each := make([]client.ListOption, len(names))
	for i, name := range names {
		each[i] = by(name)
	}
	return each
}

// trimService keeps of a Service that nothing names only that it exists.
func (d *Discovery) trimService(object any) (any, error) {
	service, ok := object.(*corev1.Service)
	switch {
	case !ok:
		return object, nil
	case !d.isNamed(client.ObjectKeyFromObject(service)):
		return &corev1.Service{ObjectMeta: hollow(&service.ObjectMeta)}, nil
	}
	return trimmedService(service), nil
}

// trimEndpointSlice keeps of a slice whose Service nothing names only which Service that is.
func (d *Discovery) trimEndpointSlice(object any) (any, error) {
	slice, ok := object.(*discoveryv1.EndpointSlice)
	switch {
	case !ok:
		return object, nil
	case !d.isNamed(serviceOf(slice)):
		kept := &discoveryv1.EndpointSlice{ObjectMeta: hollow(&slice.ObjectMeta)}
		kept.Labels = map[string]string{discoveryv1.LabelServiceName: serviceOf(slice).Name}
		return kept, nil
	}
	return trimmedEndpointSlice(slice), nil
}

// hollow keeps what an informer tells objects apart by.
func hollow(object *metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: object.Namespace, Name: object.Name, UID: object.UID, ResourceVersion: object.ResourceVersion}
}

func trimmedService(service *corev1.Service) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: cluster.Identity(&service.ObjectMeta),
		Spec:       corev1.ServiceSpec{Type: service.Spec.Type, Ports: service.Spec.Ports, ClusterIPs: service.Spec.ClusterIPs},
	}
}

func trimmedEndpointSlice(slice *discoveryv1.EndpointSlice) *discoveryv1.EndpointSlice {
	kept := &discoveryv1.EndpointSlice{
		ObjectMeta: cluster.Identity(&slice.ObjectMeta), AddressType: slice.AddressType, Ports: slice.Ports,
		Endpoints: make([]discoveryv1.Endpoint, len(slice.Endpoints)),
	}
	kept.Labels = map[string]string{discoveryv1.LabelServiceName: serviceOf(slice).Name}
	for i := range slice.Endpoints {
		e := &slice.Endpoints[i]
		kept.Endpoints[i] = discoveryv1.Endpoint{Addresses: e.Addresses, Conditions: e.Conditions}
	}
	return kept
}
