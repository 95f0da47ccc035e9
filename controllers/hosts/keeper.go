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
	// Hosts know which namespace each host belongs to. Nil stands for Hosts that know nothing yet.
	Hosts *Hosts
	// Namespace is the controller's own, where the claims are. Scope is what their ConfigMaps are named after: the class.
	Namespace, Scope string
	// Owner owns the ConfigMaps. Nil for no owner.
	Owner *metav1.OwnerReference
	// Grace is how long a host stays with a namespace that has no rule for it any more.
	Grace time.Duration
	// WatchNamespaces are the namespaces whose Ingresses are read. Empty stands for all. Claims of other namespaces are
	// left alone.
	WatchNamespaces []string
	// Standard are the Ingresses of networking.k8s.io. Nil if they are not served.
	Standard *sources.StandardIngresses
}

// Keeper keeps claims for one control plane: it adds to Hosts the places to read from and to write to.
type Keeper struct {
	hosts *Hosts
	store claimStore
	scope string
	now   func() time.Time
	// configMaps is the cache of the ConfigMaps with the claims.
	configMaps *cluster.OptionalCache
	// watched returns whether the Ingresses of a namespace are read.
	watched func(namespace string) bool
	// again asks for another build.
	again func()
	// released takes the claims that no rule keeps any more, and gives them up.
	released *claimReleaser
	// started is set at the first build.
	started bool
}

// AddKeeper returns a Keeper whose cache the manager runs. again asks for another build.
func AddKeeper(mgr ctrl.Manager, config Config, again func()) (*Keeper, error) {
	configMaps, err := cluster.AddOptionalCache(mgr, claimCacheOptions(config.Namespace, config.Scope), &corev1.ConfigMap{},
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
		hosts: hosts, store: store, scope: config.Scope, now: time.Now, again: again, configMaps: configMaps,
		released: newClaimReleaser(hosts, store, config.Scope, config.Grace, time.Now, again),
		watched: func(namespace string) bool {
			return len(config.WatchNamespaces) == 0 || slices.Contains(config.WatchNamespaces, namespace)
		},
	}, nil
}

// Watch has another build asked for whenever somebody else records something.
func (k *Keeper) Watch(ctx context.Context) error {
	return k.configMaps.Watch(ctx, claimEvents(k.hosts, k.again))
}

// Known waits until the recorded claims are known, or are known to be unreadable. It returns false if ctx ends first.
func (k *Keeper) Known(ctx context.Context) bool { return k.configMaps.Settle(ctx) }

// Run has source supply what the list of hosts is made from, and gives up claims until ctx is done. The returned
// function waits until giving up has ended, and then takes source away.
func (k *Keeper) Run(ctx context.Context, source func(context.Context) (translate.Input, error)) (end func()) {
	unlist := k.begin(source)
	var releasing sync.WaitGroup
	releasing.Go(func() { k.released.run(ctx) })
	return func() {
		releasing.Wait()
		unlist()
	}
}

// Building keeps everybody else from building until the returned function is called.
func (k *Keeper) Building() (end func()) {
	k.hosts.building.Lock()
	return k.hosts.building.Unlock
}

// begin has source supply what the list of hosts is made from, until the returned function is called.
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
