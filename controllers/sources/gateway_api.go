// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=backendtlspolicies;gatewayclasses;gateways;grpcroutes;httproutes;listenersets;referencegrants,verbs=list;watch

// GatewayAPI has the objects of the Gateway API. Its resource definitions are the cluster's, not the controller's: they
// may be missing, be too old, or come later, and the controller may have no right to read the objects. Then it says so,
// and everything else is served.
type GatewayAPI struct {
	options gatewayapi.Options
	// Policies are what routes have no fields for.
	Policies *RoutePolicies
	// check returns the kinds that the API server has.
	check func(context.Context) (there map[string]bool, err error)
	// kinds are the caches of what is read.
	kinds []*gatewayCache
}

// gatewayCache is the cache of one kind.
type gatewayCache struct {
	kind string
	of   client.Object
	// optional is set if the other kinds are served without this one.
	optional bool
	// without says what is done without the right to read the objects.
	without string
	*cluster.OptionalCache
	// present is set once the resource definition is there. Before, nothing may ask the cache: each question would be one
	// for the API server.
	present atomic.Bool

	mu sync.Mutex
	// waiting is what is to be done once it is.
	waiting []func(context.Context) error
}

// AddGatewayAPI has the manager run the caches of the Gateway API's objects in these namespaces, or in all.
func AddGatewayAPI(mgr ctrl.Manager, options gatewayapi.Options, namespaces []string) (*GatewayAPI, error) {
	client, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("asking which resources there are: %w", err)
	}
	g := &GatewayAPI{options: options, kinds: gatewayKinds(), check: func(context.Context) (map[string]bool, error) { return kindsThere(client) }}
	for _, k := range g.kinds {
		cached := cache.Options{DefaultTransform: trimGatewayObject}
		if k.kind != gatewayapi.GatewayClassKind {
			cached.DefaultNamespaces = cluster.WatchedNamespaces(namespaces)
		}
		without := cmp.Or(k.without, "so what needs them of the Gateway API is not served") + ": grant list and watch on them, or heed this no further"
		k.OptionalCache, err = cluster.AddOptionalCache(mgr, cached, k.of, without)
		if err != nil {
			return nil, err
		}
	}
	g.Policies, err = addRoutePolicies(mgr, namespaces)
	return g, err
}

// gatewayKinds are the kinds that are read, without caches.
func gatewayKinds() []*gatewayCache {
	return []*gatewayCache{
		{kind: gatewayapi.GatewayClassKind, of: &gatewayv1.GatewayClass{}}, {kind: gatewayapi.GatewayKind, of: &gatewayv1.Gateway{}},
		{kind: gatewayapi.HTTPRouteKind, of: &gatewayv1.HTTPRoute{}}, {kind: "ReferenceGrant", of: &gatewayv1.ReferenceGrant{}},
		{kind: gatewayapi.GRPCRouteKind, of: &gatewayv1.GRPCRoute{}, optional: true},
		{kind: gatewayapi.ListenerSetKind, of: &gatewayv1.ListenerSet{}, optional: true},
		{kind: gatewayapi.BackendTLSPolicyKind, of: &gatewayv1.BackendTLSPolicy{}, optional: true,
			without: "so backends of routes get no request, because one of them may have to be spoken to over TLS"},
	}
}

// GatewayKindOf returns the kind of an object of the Gateway API, or of one that belongs to it. It is empty for any
// other object.
func GatewayKindOf(object client.Object) string {
	if _, ok := object.(*v1alpha1.RoutePolicy); ok {
		return v1alpha1.RoutePolicyKind
	}
	for _, k := range gatewayKinds() {
		if reflect.TypeOf(k.of) == reflect.TypeOf(object) {
			return k.kind
		}
	}
	return ""
}

// gatewayObjects are objects of all kinds that are read.
func gatewayObjects() (objects []client.Object) {
	for _, k := range gatewayKinds() {
		objects = append(objects, k.of)
	}
	return objects
}

// kindsThere returns the kinds that the API server has in the version that is read.
func kindsThere(client discovery.DiscoveryInterface) (there map[string]bool, err error) {
	list, err := client.ServerResourcesForGroupVersion(gatewayv1.GroupVersion.String())
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking for the resources of %s: %w", gatewayv1.GroupVersion, err)
	}
	there = make(map[string]bool)
	for i := range list.APIResources {
		there[list.APIResources[i].Kind] = true
	}
	return there, nil
}

// missing says which of the kinds that all others need are not there, empty for none.
func (g *GatewayAPI) missing(there map[string]bool) string {
	if len(there) == 0 {
		return "there is no " + gatewayv1.GroupVersion.String()
	}
	for _, k := range g.kinds {
		if !k.optional && !there[k.kind] {
			return gatewayv1.GroupVersion.String() + " has no " + k.kind + ", as bundles before v1.5.0 do"
		}
	}
	return ""
}

// trimGatewayObject keeps of an object's metadata what tells it, and each version of it, from all others.
func trimGatewayObject(object any) (any, error) {
	if o, ok := object.(client.Object); ok {
		o.SetManagedFields(nil)
		o.SetAnnotations(nil)
		o.SetLabels(nil)
		o.SetOwnerReferences(nil)
		o.SetFinalizers(nil)
	}
	return object, nil
}

// Controller returns the name by which GatewayClasses name the controller.
func (g *GatewayAPI) Controller() gatewayv1.GatewayController {
	return gatewayv1.GatewayController(g.options.Controller)
}

// whenPresent calls f once the resource definition of the kind is there, which may be now.
func (k *gatewayCache) whenPresent(ctx context.Context, f func(context.Context) error) error {
	k.mu.Lock()
	if !k.present.Load() {
		k.waiting = append(k.waiting, f)
		k.mu.Unlock()
		return nil
	}
	k.mu.Unlock()
	return f(ctx)
}

// appear notes that the resource definition is there, and does what waits for that.
func (k *gatewayCache) appear(ctx context.Context) error {
	k.mu.Lock()
	k.present.Store(true)
	waiting := k.waiting
	k.waiting = nil
	k.mu.Unlock()
	for _, f := range waiting {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Watch has handler called with every event.
func (g *GatewayAPI) Watch(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	if err := g.Policies.Watch(ctx, handler); err != nil {
		return err
	}
	for _, k := range g.kinds {
		if err := k.whenPresent(ctx, func(context.Context) error { return k.Watch(ctx, handler) }); err != nil {
			return err
		}
	}
	return nil
}

// Request is a source of requests for each object of a kind, and for each change of one.
func (g *GatewayAPI) Request(kind string) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		request := func(object any) {
			if key, err := toolscache.DeletionHandlingObjectToName(object); err == nil {
				queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: key.Namespace, Name: key.Name}})
			}
		}
		k := g.of(kind)
		return k.whenPresent(ctx, func(context.Context) error {
			return k.Watch(ctx, toolscache.ResourceEventHandlerFuncs{
				AddFunc: request, UpdateFunc: func(_, object any) { request(object) }, DeleteFunc: request,
			})
		})
	})
}

// of returns the cache of a kind.
func (g *GatewayAPI) of(kind string) *gatewayCache {
	for _, k := range g.kinds {
		if k.kind == kind {
			return k
		}
	}
	return nil
}

// Get fills in an object of a kind by its name. It fails with NotFound while there is none, or while none can be read.
func (g *GatewayAPI) Get(ctx context.Context, kind string, name types.NamespacedName, into client.Object) error {
	k := g.of(kind)
	if !k.present.Load() || !k.Synced(ctx) {
		return apierrors.NewNotFound(gatewayv1.Resource(kind), name.Name)
	}
	return k.Get(ctx, name, into)
}

// Settle waits until the objects are known, or until it is known that they cannot be. It returns false if ctx ends
// first.
func (g *GatewayAPI) Settle(ctx context.Context) bool {
	if !g.Policies.Settle(ctx) {
		return false
	}
	for _, k := range g.look(ctx) {
		if !k.Settle(ctx) {
			return false
		}
	}
	return ctx.Err() == nil
}

// look looks which resource definitions are there that were not before, and does what waits for them. It returns their
// kinds. There are none as long as one is missing that all others need.
func (g *GatewayAPI) look(ctx context.Context) (appeared []*gatewayCache) {
	there, err := g.check(ctx)
	if err != nil {
		log.FromContext(ctx).V(1).Info("whether there is a Gateway API is not known", "cause", err.Error())
		return nil
	}
	if missing := g.missing(there); missing != "" {
		log.FromContext(ctx).V(1).Info("the Gateway API is not served", "cause", missing)
		return nil
	}
	for _, k := range g.kinds {
		if !there[k.kind] || k.present.Load() {
			continue
		}
		if err := k.appear(ctx); err != nil {
			log.FromContext(ctx).Error(err, "objects of the Gateway API are not served", "kind", k.kind)
			continue
		}
		appeared = append(appeared, k)
	}
	return appeared
}

// closes returns whether something is closed as long as objects of the kind cannot be read.
func (k *gatewayCache) closes() bool { return k.kind == gatewayapi.BackendTLSPolicyKind }

// absent returns the kinds whose resource definitions are not there. served is set if the others are served.
func (g *GatewayAPI) absent() (kinds []string, served bool) {
	served = true
	for _, k := range g.kinds {
		if !k.present.Load() {
			kinds, served = append(kinds, k.kind), served && k.optional
		}
	}
	return kinds, served
}

// lookInterval is the time between two looks for resource definitions that are not there.
const lookInterval = 20 * time.Second

// Late calls changed when objects become readable that were not before. It returns when all are, or when ctx ends.
func (g *GatewayAPI) Late(ctx context.Context, changed func()) {
	var waiting sync.WaitGroup
	defer waiting.Wait()
	waiting.Go(func() { g.Policies.Late(ctx, changed) })
	follow := func(kinds []*gatewayCache) {
		for _, k := range kinds {
			waiting.Go(func() {
				if k.closes() && k.Settle(ctx) && k.Unreadable(ctx) {
					changed()
				}
				if k.Sync(ctx) {
					changed()
				}
			})
		}
	}
	follow(slices.DeleteFunc(slices.Clone(g.kinds), func(k *gatewayCache) bool { return !k.present.Load() }))
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for told := 0; ; {
		absent, served := g.absent()
		if len(absent) != told {
			told = len(absent)
			g.tell(ctx, absent, served)
		}
		if len(absent) == 0 {
			return
		}
		follow(g.look(ctx))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// tell says in the log what of the Gateway API is served.
func (g *GatewayAPI) tell(ctx context.Context, absent []string, served bool) {
	logger := log.FromContext(ctx)
	switch {
	case !served:
		there, _ := g.check(ctx)
		logger.Info("the Gateway API is not served until its resource definitions are there", "cause", g.missing(there))
	case len(absent) > 0:
		logger.Info("the Gateway API is served, but for kinds whose resource definitions are not there", "kinds", absent)
	default:
		logger.Info("the Gateway API is served")
	}
}

// GatewayObjects are the objects of the Gateway API that a build begins with.
type GatewayObjects struct {
	// Input has no Routes.
	gatewayapi.Input
	HTTPRoutes []*gatewayv1.HTTPRoute
	GRPCRoutes []*gatewayv1.GRPCRoute
	// Services are those that may be Gateways' own.
	Services []*corev1.Service
}

// Read returns the objects that are known.
func (g *GatewayAPI) Read(ctx context.Context) (objects GatewayObjects, err error) {
	objects.Options = g.options
	if objects.RoutePolicies, err = g.Policies.Read(ctx); err != nil {
		return objects, err
	}
	for _, k := range g.kinds {
		if !k.present.Load() {
			continue
		}
		if !k.Synced(ctx) { // If that is not known to be for want of rights, the definition has only just come.
			objects.BackendTLSUnreadable = objects.BackendTLSUnreadable || k.closes() && k.Unreadable(ctx)
			continue
		}
		var list client.ObjectList
		var keep func()
		switch k.of.(type) {
		case *gatewayv1.GatewayClass:
			of := new(gatewayv1.GatewayClassList)
			list, keep = of, func() { objects.Classes = cluster.Pointers(of.Items) }
		case *gatewayv1.Gateway:
			of := new(gatewayv1.GatewayList)
			list, keep = of, func() { objects.Gateways = cluster.Pointers(of.Items) }
		case *gatewayv1.HTTPRoute:
			of := new(gatewayv1.HTTPRouteList)
			list, keep = of, func() { objects.HTTPRoutes = cluster.Pointers(of.Items) }
		case *gatewayv1.GRPCRoute:
			of := new(gatewayv1.GRPCRouteList)
			list, keep = of, func() { objects.GRPCRoutes = cluster.Pointers(of.Items) }
		case *gatewayv1.ReferenceGrant:
			of := new(gatewayv1.ReferenceGrantList)
			list, keep = of, func() { objects.Grants = cluster.Pointers(of.Items) }
		case *gatewayv1.BackendTLSPolicy:
			of := new(gatewayv1.BackendTLSPolicyList)
			list, keep = of, func() { objects.BackendTLSPolicies = cluster.Pointers(of.Items) }
		case *gatewayv1.ListenerSet:
			of := new(gatewayv1.ListenerSetList)
			list, keep = of, func() { objects.ListenerSets = cluster.Pointers(of.Items) }
		}
		if err := k.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return objects, fmt.Errorf("listing %T from the cache: %w", list, err)
		}
		keep()
	}
	return objects, nil
}
