// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/warren-dev/ingress/controllers/cluster"
)

// known are the objects to look at again when a port opens, when a replica has caught up, or when clients reach the
// controller elsewhere.
type known struct {
	mu sync.Mutex
	// queue is nil before the controller runs.
	queue    workqueue.TypedRateLimitingInterface[reconcile.Request]
	requests map[reconcile.Request]struct{}
}

func (k *known) remember(request reconcile.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.requests == nil {
		k.requests = make(map[reconcile.Request]struct{})
	}
	k.requests[request] = struct{}{}
}

func (k *known) forget(request reconcile.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.requests, request)
}

// lookAgain has the objects looked at again. It does not wait.
func (k *known) lookAgain() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.queue == nil {
		return
	}
	for request := range k.requests {
		k.queue.Add(request)
	}
}

// list returns the requests for all objects.
func (k *known) list(context.Context) (requests []reconcile.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for request := range k.requests {
		requests = append(requests, request)
	}
	return requests
}

// setupKnown has a reconciler of a kind that depends on ports, replicas and addresses run in a manager.
func (c *Config) setupKnown(mgr ctrl.Manager, kind, name string, k *known, r reconcile.Reconciler) error {
	c.Replicas.Subscribe(k.lookAgain)
	begin := func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		k.mu.Lock()
		k.queue = queue
		k.mu.Unlock()
		if c.Listening != nil {
			context.AfterFunc(ctx, c.Listening.ObserveListeners(func(netip.AddrPort) { k.lookAgain() }))
		}
		return nil
	}
	builder := cluster.NewController(mgr, name).
		WatchesRawSource(c.Snapshots.Changes(kind)).
		WatchesRawSource(c.API.Request(kind)).
		WatchesRawSource(source.Func(begin))
	if changes := c.Addresses.Changes(k.list); changes != nil {
		builder = builder.WatchesRawSource(changes)
	}
	if err := builder.Complete(r); err != nil {
		return fmt.Errorf("setting up the controller of each %s: %w", kind, err)
	}
	return nil
}
