// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"context"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
)

// Config says which claims a control plane keeps, and where.
type Config struct {
	// Hosts know which namespace each host belongs to. Nil stands for such that know nothing yet.
	Hosts *Hosts
	// Namespace is the controller's own, where the claims are, and Scope what their ConfigMaps are named after: the class.
	Namespace, Scope string
	// Owner is what the ConfigMaps belong to, nil for nothing.
	Owner *metav1.OwnerReference
	// Grace is how long a host stays with a namespace that has no rule for it any more.
	Grace time.Duration
	// WatchNamespaces are those whose Ingresses are read, all if there are none. Claims of others are left alone.
	WatchNamespaces []string
	// Standard are the Ingresses of networking.k8s.io. Nil where nothing is to be served of them.
	Standard *sources.StandardIngresses
}

// Keeper is what a control plane brings to have claims kept.
type Keeper struct {
	hosts *Hosts
	store claimStore
	scope string
	now   func() time.Time
	// recorded are the ConfigMaps that the claims are in.
	recorded *cluster.OptionalCache
	// watched says whether a namespace's Ingresses are read.
	watched func(namespace string) bool
	// again asks for another build.
	again func()
	// released is given what no rule names any more.
	released *claimReleaser
	// started is set once there was a build.
	started bool
}

// AddKeeper has it recorded which namespace each host belongs to. Again asks for another build.
func AddKeeper(mgr ctrl.Manager, config Config, again func()) (*Keeper, error) {
	recorded, err := cluster.AddOptionalCache(mgr, claimCacheOptions(config.Namespace, config.Scope), &corev1.ConfigMap{},
		"so what other replicas and administrators record of hosts is heeded late: grant list and watch in the controller's namespace")
	if err != nil {
		return nil, err
	}
	store := &claimObjects{reader: mgr.GetAPIReader(), client: mgr.GetClient(), namespace: config.Namespace, scope: config.Scope,
		owner: config.Owner, standard: config.Standard}
	hosts := config.Hosts
	if hosts == nil {
		hosts = New()
	}
	return &Keeper{
		hosts: hosts, store: store, scope: config.Scope, now: time.Now, again: again, recorded: recorded,
		released: newClaimReleaser(hosts, store, config.Scope, config.Grace, time.Now, again),
		watched: func(namespace string) bool {
			return len(config.WatchNamespaces) == 0 || slices.Contains(config.WatchNamespaces, namespace)
		},
	}, nil
}

// Watch has another build asked for whenever somebody else records something.
func (k *Keeper) Watch(ctx context.Context) error {
	return k.recorded.Watch(ctx, claimEvents(k.hosts, k.again))
}

// Known returns once it is known what is on record, or that it cannot be known; false if ctx ends before.
func (k *Keeper) Known(ctx context.Context) bool { return k.recorded.Settle(ctx) }

// Run has the hosts listed by what source returns, and claims given up until ctx is done. The returned function ends
// the one, and waits for the end of the other.
func (k *Keeper) Run(ctx context.Context, source func(context.Context) (translate.Input, error)) (end func()) {
	unlist := k.begin(source)
	var releasing sync.WaitGroup
	releasing.Go(func() { k.released.run(ctx) })
	return func() {
		releasing.Wait()
		unlist()
	}
}

// Building has nobody else build, until the returned function is called.
func (k *Keeper) Building() (end func()) {
	k.hosts.building.Lock()
	return k.hosts.building.Unlock
}

// begin has the hosts listed by what a control plane knows, until the returned function is called.
func (k *Keeper) begin(source func(context.Context) (translate.Input, error)) (end func()) {
	h := k.hosts
	h.building.Lock()
	defer h.building.Unlock()
	h.source, h.scope = source, k.scope
	h.running++
	mine := h.running
	return func() {
		h.building.Lock()
		defer h.building.Unlock()
		if h.running == mine {
			h.source = nil
		}
	}
}
