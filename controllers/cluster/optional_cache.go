// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// OptionalCache holds the objects of a kind that the controller may have no right to read. Ask it only once it is
// synced: a cache that never syncs would block its caller, and with it everything else that is served.
type OptionalCache struct {
	cache.Cache
	kind client.Object
	// without says what is not done, or is done otherwise, while the objects cannot be read. It goes into the log.
	without    string
	unreadable atomic.Bool
	// following is the handler that has to know all objects before they count as known. Nil if there is none.
	following atomic.Pointer[toolscache.ResourceEventHandlerRegistration]
}

// AddOptionalCache has the manager run a cache of a kind.
func AddOptionalCache(mgr ctrl.Manager, options cache.Options, kind client.Object, without string) (*OptionalCache, error) {
	c := &OptionalCache{kind: kind, without: without}
	options.DefaultWatchErrorHandler = c.failed
	var err error
	if c.Cache, err = AddCache(mgr, options); err != nil {
		return nil, fmt.Errorf("watching %T: %w", kind, err)
	}
	return c, nil
}

// Watch has handler called with every event until ctx ends.
func (c *OptionalCache) Watch(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	_, err := c.watch(ctx, handler)
	return err
}

// Follow is Watch for the one handler without which the objects do not count as known. It is called before anybody asks
// for that.
func (c *OptionalCache) Follow(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	registration, err := c.watch(ctx, handler)
	if err == nil {
		c.following.Store(&registration)
	}
	return err
}

func (c *OptionalCache) watch(ctx context.Context, handler toolscache.ResourceEventHandler) (toolscache.ResourceEventHandlerRegistration, error) {
	informer, err := c.GetInformer(ctx, c.kind, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watching %T: %w", c.kind, err)
	}
	registration, err := informer.AddEventHandler(handler)
	if err != nil {
		return nil, fmt.Errorf("watching %T: %w", c.kind, err)
	}
	context.AfterFunc(ctx, func() { _ = informer.RemoveEventHandler(registration) }) // fails if it has ended too
	return registration, nil
}

// failed is called whenever the API server refuses or fails to answer the cache. The cache retries by itself.
func (c *OptionalCache) failed(ctx context.Context, r *toolscache.Reflector, err error) {
	if !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
		toolscache.DefaultWatchErrorHandler(ctx, r, err)
		return
	}
	if !c.unreadable.Swap(true) {
		log.FromContext(ctx).Info("objects cannot be read, "+c.without, "kind", c.name(), "cause", err.Error())
	}
}

// name is what the kind is called in the log.
func (c *OptionalCache) name() string {
	return cmp.Or(c.kind.GetObjectKind().GroupVersionKind().Kind, fmt.Sprintf("%T", c.kind))
}

// Synced returns whether the objects are known. Once true, it stays true: the cache keeps what it knew.
func (c *OptionalCache) Synced(ctx context.Context) bool {
	informer, err := c.GetInformer(ctx, c.kind, cache.BlockUntilSynced(false))
	if err != nil || !informer.HasSynced() {
		return false
	}
	following := c.following.Load()
	return following == nil || (*following).HasSynced()
}

// Unreadable returns whether it is known that the objects cannot be read, and no object was ever known.
func (c *OptionalCache) Unreadable(ctx context.Context) bool {
	return c.unreadable.Load() && !c.Synced(ctx)
}

// Settle waits until the objects are known, or are known to be unreadable. It returns false if ctx ends first.
func (c *OptionalCache) Settle(ctx context.Context) bool {
	return toolscache.WaitForCacheSync(ctx.Done(), func() bool { return c.Synced(ctx) || c.unreadable.Load() })
}

// Sync waits until the objects are known. It returns false if ctx ends first.
func (c *OptionalCache) Sync(ctx context.Context) bool {
	if !toolscache.WaitForCacheSync(ctx.Done(), func() bool { return c.Synced(ctx) }) {
		return false
	}
	if c.unreadable.Swap(false) {
		log.FromContext(ctx).Info("objects can be read now", "kind", c.name())
	}
	return true
}
