// SPDX-License-Identifier: Apache-2.0

package controllers

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

// optionalCache holds the objects of a kind that the controller may not have the right to read. It is asked only once it is
// synced: a cache that never will be would keep whoever asks waiting, and with it all else that is served.
type optionalCache struct {
	cache.Cache
	kind client.Object
	// without says what is not done, or done otherwise, while the objects cannot be read.
	without    string
	unreadable atomic.Bool
}

// addOptionalCache has the manager run a cache of a kind.
func addOptionalCache(mgr ctrl.Manager, options cache.Options, kind client.Object, without string) (*optionalCache, error) {
	c := &optionalCache{kind: kind, without: without}
	options.DefaultWatchErrorHandler = c.failed
	var err error
	if c.Cache, err = addCache(mgr, options); err != nil {
		return nil, fmt.Errorf("watching %T: %w", kind, err)
	}
	return c, nil
}

// watch has handler told of every event.
func (c *optionalCache) watch(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	informer, err := c.GetInformer(ctx, c.kind, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching %T: %w", c.kind, err)
	}
	registration, err := informer.AddEventHandler(handler)
	if err != nil {
		return fmt.Errorf("watching %T: %w", c.kind, err)
	}
	context.AfterFunc(ctx, func() { _ = informer.RemoveEventHandler(registration) }) // which fails where the informer has ended too
	return nil
}

// failed is called whenever the API server does not answer what the cache asks. It asks again by itself.
func (c *optionalCache) failed(ctx context.Context, r *toolscache.Reflector, err error) {
	if !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
		toolscache.DefaultWatchErrorHandler(ctx, r, err)
		return
	}
	if !c.unreadable.Swap(true) {
		log.FromContext(ctx).Info("objects cannot be read, "+c.without, "kind", c.name(), "cause", err.Error())
	}
}

// name is what the kind is called in the log.
func (c *optionalCache) name() string {
	return cmp.Or(c.kind.GetObjectKind().GroupVersionKind().Kind, fmt.Sprintf("%T", c.kind))
}

// synced says whether the objects are known. Once they are, they stay so: what was known goes on to be.
func (c *optionalCache) synced(ctx context.Context) bool {
	informer, err := c.GetInformer(ctx, c.kind, cache.BlockUntilSynced(false))
	return err == nil && informer.HasSynced()
}

// settle returns once the objects are known, or it is known that they cannot be read; false if ctx ends before.
func (c *optionalCache) settle(ctx context.Context) bool {
	return toolscache.WaitForCacheSync(ctx.Done(), func() bool { return c.synced(ctx) || c.unreadable.Load() })
}

// sync returns once the objects are known; false if ctx ends before.
func (c *optionalCache) sync(ctx context.Context) bool {
	if !toolscache.WaitForCacheSync(ctx.Done(), func() bool { return c.synced(ctx) }) {
		return false
	}
	if c.unreadable.Swap(false) {
		log.FromContext(ctx).Info("objects can be read now", "kind", c.name())
	}
	return true
}
