// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

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

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gatewayclasses;gateways;httproutes;referencegrants,verbs=list;watch

// GatewayAPI has the objects of the Gateway API. Its resource definitions are the cluster's, not the controller's: they
// may be missing, be too old, or come later, and the controller may have no right to read the objects. Then it says so,
// and everything else is served.
type GatewayAPI struct {
	options gatewayapi.Options
	// check returns what is missing of the resource definitions, empty for nothing.
	check func(context.Context) (missing string, err error)
	// kinds are the caches of what is read: GatewayClasses, Gateways, HTTPRoutes and ReferenceGrants.
	kinds []gatewayCache
	// present is set once the resource definitions are there. Before, nothing may ask a cache: each question would be one
	// for the API server.
	present atomic.Bool

	mu sync.Mutex
	// waiting is what is to be done once they are.
	waiting []func(context.Context) error
}

// gatewayCache is the cache of one kind.
type gatewayCache struct {
	kind string
	of   client.Object
	*cluster.OptionalCache
}

// AddGatewayAPI has the manager run the caches of the Gateway API's objects in these namespaces, or in all.
func AddGatewayAPI(mgr ctrl.Manager, options gatewayapi.Options, namespaces []string) (*GatewayAPI, error) {
	client, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("asking which resources there are: %w", err)
	}
	g := &GatewayAPI{options: options, check: func(context.Context) (string, error) { return missingKinds(client) }}
	for _, k := range gatewayKinds() {
		cached := cache.Options{DefaultTransform: trimGatewayObject}
		if k.kind != gatewayapi.GatewayClassKind {
			cached.DefaultNamespaces = cluster.WatchedNamespaces(namespaces)
		}
		k.OptionalCache, err = cluster.AddOptionalCache(mgr, cached, k.of,
			"so what needs them of the Gateway API is not served: grant list and watch on them, or heed this no further")
		if err != nil {
			return nil, err
		}
		g.kinds = append(g.kinds, k)
	}
	return g, nil
}

// gatewayKinds are the kinds that are read, without caches.
func gatewayKinds() []gatewayCache {
	return []gatewayCache{
		{kind: gatewayapi.GatewayClassKind, of: &gatewayv1.GatewayClass{}}, {kind: gatewayapi.GatewayKind, of: &gatewayv1.Gateway{}},
		{kind: gatewayapi.HTTPRouteKind, of: &gatewayv1.HTTPRoute{}}, {kind: "ReferenceGrant", of: &gatewayv1.ReferenceGrant{}},
	}
}

// gatewayObjects are objects of all kinds that are read.
func gatewayObjects() (objects []client.Object) {
	for _, k := range gatewayKinds() {
		objects = append(objects, k.of)
	}
	return objects
}

// missingKinds returns which kinds the API server does not have in the version that is read.
func missingKinds(client discovery.DiscoveryInterface) (missing string, err error) {
	list, err := client.ServerResourcesForGroupVersion(gatewayv1.GroupVersion.String())
	if apierrors.IsNotFound(err) {
		return "there is no " + gatewayv1.GroupVersion.String(), nil
	}
	if err != nil {
		return "", fmt.Errorf("asking for the resources of %s: %w", gatewayv1.GroupVersion, err)
	}
	there := make(map[string]bool)
	for i := range list.APIResources {
		there[list.APIResources[i].Kind] = true
	}
	for _, k := range gatewayKinds() {
		if !there[k.kind] {
			return gatewayv1.GroupVersion.String() + " has no " + k.kind + ", as bundles before v1.5.0 do", nil
		}
	}
	return "", nil
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

// whenPresent calls f once the resource definitions are there, which may be now.
func (g *GatewayAPI) whenPresent(ctx context.Context, f func(context.Context) error) error {
	g.mu.Lock()
	if !g.present.Load() {
		g.waiting = append(g.waiting, f)
		g.mu.Unlock()
		return nil
	}
	g.mu.Unlock()
	return f(ctx)
}

// appear notes that the resource definitions are there, and does what waits for that.
func (g *GatewayAPI) appear(ctx context.Context) error {
	g.mu.Lock()
	g.present.Store(true)
	waiting := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	for _, f := range waiting {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Watch has handler called with every event.
func (g *GatewayAPI) Watch(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	return g.whenPresent(ctx, func(context.Context) error {
		for _, k := range g.kinds {
			if err := k.Watch(ctx, handler); err != nil {
				return err
			}
		}
		return nil
	})
}

// Request is a source of requests for each object of a kind, and for each change of one.
func (g *GatewayAPI) Request(kind string) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		request := func(object any) {
			if key, err := toolscache.DeletionHandlingObjectToName(object); err == nil {
				queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: key.Namespace, Name: key.Name}})
			}
		}
		return g.whenPresent(ctx, func(context.Context) error {
			return g.of(kind).Watch(ctx, toolscache.ResourceEventHandlerFuncs{
				AddFunc: request, UpdateFunc: func(_, object any) { request(object) }, DeleteFunc: request,
			})
		})
	})
}

// of returns the cache of a kind.
func (g *GatewayAPI) of(kind string) *cluster.OptionalCache {
	for _, k := range g.kinds {
		if k.kind == kind {
			return k.OptionalCache
		}
	}
	return nil
}

// Get fills in an object of a kind by its name. It fails with NotFound while there is none, or while none can be read.
func (g *GatewayAPI) Get(ctx context.Context, kind string, name types.NamespacedName, into client.Object) error {
	if !g.present.Load() || !g.of(kind).Synced(ctx) {
		return apierrors.NewNotFound(gatewayv1.Resource(kind), name.Name)
	}
	return g.of(kind).Get(ctx, name, into)
}

// Settle waits until the objects are known, or until it is known that they cannot be. It returns false if ctx ends
// first.
func (g *GatewayAPI) Settle(ctx context.Context) bool {
	if !g.look(ctx) {
		return ctx.Err() == nil
	}
	for _, k := range g.kinds {
		if !k.Settle(ctx) {
			return false
		}
	}
	return true
}

// look looks whether the resource definitions are there. Once they are, it does what waits for that.
func (g *GatewayAPI) look(ctx context.Context) bool {
	missing, err := g.check(ctx)
	switch {
	case err != nil:
		log.FromContext(ctx).V(1).Info("whether there is a Gateway API is not known", "cause", err.Error())
		return false
	case missing != "":
		log.FromContext(ctx).V(1).Info("the Gateway API is not served", "cause", missing)
		return false
	}
	if err := g.appear(ctx); err != nil {
		log.FromContext(ctx).Error(err, "the Gateway API is not served")
		return false
	}
	return true
}

// lookInterval is the time between two looks for resource definitions that are not there.
const lookInterval = 20 * time.Second

// Late calls changed when objects become readable that were not before. It returns when all are, or when ctx ends.
func (g *GatewayAPI) Late(ctx context.Context, changed func()) {
	if !g.present.Load() {
		missing, _ := g.check(ctx)
		log.FromContext(ctx).Info("the Gateway API is not served until its resource definitions are there", "cause", missing)
		ticker := time.NewTicker(lookInterval)
		defer ticker.Stop()
		for !g.look(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
		log.FromContext(ctx).Info("the Gateway API is served")
	}
	var waiting sync.WaitGroup
	for _, k := range g.kinds {
		waiting.Go(func() {
			if k.Sync(ctx) {
				changed()
			}
		})
	}
	waiting.Wait()
}

// GatewayObjects are the objects of the Gateway API that a build begins with.
type GatewayObjects struct {
	// Input has no Routes.
	gatewayapi.Input
	HTTPRoutes []*gatewayv1.HTTPRoute
}

// Read returns the objects that are known.
func (g *GatewayAPI) Read(ctx context.Context) (objects GatewayObjects, err error) {
	objects.Options = g.options
	if !g.present.Load() {
		return objects, nil
	}
	for _, k := range g.kinds {
		if !k.Synced(ctx) {
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
		case *gatewayv1.ReferenceGrant:
			of := new(gatewayv1.ReferenceGrantList)
			list, keep = of, func() { objects.Grants = cluster.Pointers(of.Items) }
		}
		if err := k.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return objects, fmt.Errorf("listing %T from the cache: %w", list, err)
		}
		keep()
	}
	return objects, nil
}
