// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
)

// RoutePolicies are the RoutePolicies of a cluster. The resource definition and the rights may be those of an earlier
// version, which had no such kind. Then there are no RoutePolicies, and rules that name one are closed.
type RoutePolicies struct {
	*cluster.OptionalCache
	mapper meta.RESTMapper

	mu sync.Mutex
	// defined is set once the resource definition is there. Before, nothing may ask the cache. waiting have to be called
	// with every event from then on.
	defined bool
	waiting []toolscache.ResourceEventHandler
}

// addRoutePolicies has the manager run the cache of the RoutePolicies in these namespaces, or in all.
func addRoutePolicies(mgr ctrl.Manager, namespaces []string) (*RoutePolicies, error) {
	cached := cache.Options{DefaultTransform: trimGatewayObject, DefaultNamespaces: cluster.WatchedNamespaces(namespaces)}
	of, err := cluster.AddOptionalCache(mgr, cached, &v1alpha1.RoutePolicy{},
		"so rules of routes that name one answer 500: grant list and watch on them, or heed this no further")
	if err != nil {
		return nil, err
	}
	return &RoutePolicies{OptionalCache: of, mapper: mgr.GetRESTMapper()}, nil
}

// look looks whether the resource definition is there. Once it is, events come.
func (p *RoutePolicies) look(ctx context.Context) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.defined {
		return true, nil
	}
	_, err := p.mapper.RESTMapping(v1alpha1.GroupVersion.WithKind(v1alpha1.RoutePolicyKind).GroupKind(), v1alpha1.GroupVersion.Version)
	if meta.IsNoMatchError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking for the resource definition of RoutePolicies: %w", err)
	}
	for _, handler := range p.waiting {
		if err := p.OptionalCache.Watch(ctx, handler); err != nil {
			return false, err
		}
	}
	p.defined, p.waiting = true, nil
	return true, nil
}

// Watch has handler called with every event.
func (p *RoutePolicies) Watch(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	p.mu.Lock()
	if p.defined {
		p.mu.Unlock()
		return p.OptionalCache.Watch(ctx, handler)
	}
	p.waiting = append(p.waiting, handler)
	p.mu.Unlock()
	return nil
}

// Settle waits until the RoutePolicies are known, or until it is known that they cannot be. It returns false if ctx
// ends first.
func (p *RoutePolicies) Settle(ctx context.Context) bool {
	if defined, err := p.look(ctx); !defined {
		log.FromContext(ctx).Info("there is no resource definition of RoutePolicies, so rules of routes that name one answer 500: "+
			"install those of this version", "error", err)
		return ctx.Err() == nil
	}
	return p.OptionalCache.Settle(ctx)
}

// Late calls changed when RoutePolicies become readable that were not before. It returns when they are, or when ctx
// ends.
func (p *RoutePolicies) Late(ctx context.Context, changed func()) {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		if defined, _ := p.look(ctx); defined {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
	if p.Sync(ctx) {
		changed()
	}
}

// known returns whether the RoutePolicies are known.
func (p *RoutePolicies) known(ctx context.Context) bool {
	p.mu.Lock()
	defined := p.defined
	p.mu.Unlock()
	return defined && p.Synced(ctx)
}

// Read returns the RoutePolicies that are known.
func (p *RoutePolicies) Read(ctx context.Context) ([]*v1alpha1.RoutePolicy, error) {
	if !p.known(ctx) {
		return nil, nil
	}
	var list v1alpha1.RoutePolicyList
	if err := p.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing RoutePolicies from the cache: %w", err)
	}
	return cluster.Pointers(list.Items), nil
}

// Find fills in a RoutePolicy by its name, or returns false while there is none, or while none can be read.
func (p *RoutePolicies) Find(ctx context.Context, name types.NamespacedName, into *v1alpha1.RoutePolicy) (bool, error) {
	if !p.known(ctx) {
		return false, nil
	}
	err := p.Get(ctx, name, into)
	return err == nil, client.IgnoreNotFound(err)
}

// Request is a source of requests for each RoutePolicy, and for each change of one.
func (p *RoutePolicies) Request() source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		request := func(object any) {
			if key, err := toolscache.DeletionHandlingObjectToName(object); err == nil {
				queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: key.Namespace, Name: key.Name}})
			}
		}
		return p.Watch(ctx, toolscache.ResourceEventHandlerFuncs{
			AddFunc: request, UpdateFunc: func(_, object any) { request(object) }, DeleteFunc: request,
		})
	})
}
