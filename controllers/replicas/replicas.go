// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/cluster"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,namespace=warren-system,verbs=get;list;watch;create;update;delete

// Replicas knows the replicas that serve, this one among them, from the Lease that each keeps in the controller's
// namespace.
type Replicas struct {
	cache cache.Cache
	// class is the controller's. The Leases of other classes' replicas go to peers alone.
	class     string
	peers     *Peers
	httpsPort uint16    // the same at each replica
	sightings sightings // only for the informer's goroutine
	// ready is sorted by name. The slice and its elements are immutable.
	ready atomic.Pointer[[]Replica]
	// serving is what this replica serves, nil before the first snapshot.
	serving atomic.Pointer[servedDigest]

	mu          sync.Mutex
	subscribers []func()
}

// Add has the replicas know each other, and keeps the Lease of this one while the manager runs. Call the returned
// function with the Ingresses that the data plane does not serve any more as it did, and with those that it serves now,
// each by its UID and generation, whenever those change. class is as in Peers.standing.
func Add(mgr ctrl.Manager, config *Config, peers *Peers, class func() (named, byDefault bool, forNginx []string)) (
	replicas *Replicas, serves func(before, now iter.Seq2[types.UID, int64]), err error) {
	if config.Self.Name == "" {
		return newReplicas(nil, config.Self, config.Class, nil), func(_, _ iter.Seq2[types.UID, int64]) {}, nil
	}
	leases, err := cluster.AddCache(mgr, leaseCacheOptions(config.Namespace))
	if err != nil {
		return nil, nil, fmt.Errorf("watching the replicas' Leases: %w", err)
	}
	replicas = newReplicas(leases, config.Self, config.Class, peers)
	announcer := &announcer{
		client: mgr.GetClient(), reader: mgr.GetAPIReader(), replicas: replicas, self: config.Self,
		pod: config.Pod, standing: func() standing { return peers.standing(class) },
		draining: config.Draining, ports: config.Ports, changed: make(chan struct{}, 1),
	}
	if config.Elects {
		announcer.election = types.NamespacedName{Namespace: config.Namespace, Name: cluster.ElectionLease(config.Class)}
	}
	if err := mgr.Add(announcer); err != nil {
		return nil, nil, fmt.Errorf("setting up the Lease of this replica: %w", err)
	}
	return replicas, announcer.serves, nil
}

// newReplicas returns the Replicas of the process that self describes.
func newReplicas(leases cache.Cache, self Replica, class string, peers *Peers) *Replicas {
	r := &Replicas{cache: leases, class: class, peers: peers, httpsPort: self.HTTPSPort,
		sightings: sightings{self: self.leaseName(), last: map[string]sighting{}}}
	r.ready.Store(new([]Replica))
	return r
}

// leaseCacheOptions returns the options of a cache of the replicas' Leases in a namespace.
func leaseCacheOptions(namespace string) cache.Options {
	return cache.Options{
		ByObject: map[client.Object]cache.ByObject{
			&coordinationv1.Lease{}: {Namespaces: map[string]cache.Config{
				namespace: {LabelSelector: replicaLeases()},
			}},
		},
	}
}

// Ready returns the replicas that take requests, sorted by name. This one is among them once its Lease is written.
func (r *Replicas) Ready() []Replica { return slices.Clone(*r.ready.Load()) }

// Standing is how a ready replica stands to this one.
type Standing struct {
	Replica
	// Self is set for this one. Alike is set if it serves the same as this one.
	Self, Alike bool
}

// Standings returns the ready replicas, sorted by name, and which of them serve what this one does.
func (r *Replicas) Standings() []Standing {
	ready := *r.ready.Load()
	own := slices.IndexFunc(ready, func(known Replica) bool { return known.leaseName() == r.sightings.self })
	list := make([]Standing, len(ready))
	for i, known := range ready {
		list[i] = Standing{Replica: known, Self: i == own, Alike: own >= 0 && known.serves == ready[own].serves}
	}
	return list
}

// Addresses returns the addresses at which the ready replicas take requests.
func (r *Replicas) Addresses() (addresses []netip.AddrPort) {
	for _, known := range *r.ready.Load() {
		addresses = append(addresses, netip.AddrPortFrom(known.Address, known.HTTPPort), netip.AddrPortFrom(known.Address, r.httpsPort))
	}
	return addresses
}

// Subscribe has f called when the result of Ready changes, or a replica serves something else or has other ports open.
// The goroutine that reads the Leases calls f, so f must not block.
func (r *Replicas) Subscribe(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subscribers = append(r.subscribers, f)
}

// Behind returns the names of the ready replicas that serve another generation of the Ingress with this UID than this
// replica does. It leaves out replicas of a version whose digest has another form.
func (r *Replicas) Behind(uid types.UID) []string {
	own := r.serving.Load()
	if own == nil {
		return nil
	}
	var names []string
	for _, other := range *r.ready.Load() {
		if other.leaseName() == r.sightings.self {
			continue
		}
		if theirs, ok := decodeServed(other.serves); ok && !own.alike(&theirs, uid) {
			names = append(names, other.Name)
		}
	}
	return names
}

// watch looks at every change of a Lease.
func (r *Replicas) watch(ctx context.Context) error {
	informer, err := r.cache.GetInformer(ctx, &coordinationv1.Lease{}, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching the replicas' Leases: %w", err)
	}
	seen := func(object any) {
		if lease, ok := object.(*coordinationv1.Lease); ok {
			r.peers.see(ctx, lease, time.Now())
			if lease.Labels[replicaLabel] == r.class {
				r.sightings.see(lease, time.Now())
				r.publish()
			}
		}
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    seen,
		UpdateFunc: func(_, object any) { seen(object) },
		DeleteFunc: func(object any) {
			if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			if lease, ok := object.(metav1.Object); ok {
				r.peers.leave(ctx, types.NamespacedName{Namespace: lease.GetNamespace(), Name: lease.GetName()})
				r.sightings.forget(lease.GetName())
				r.publish()
			}
		},
	})
	if err != nil {
		return fmt.Errorf("watching the replicas' Leases: %w", err)
	}
	return nil
}

// publish tells the subscribers if something has changed.
func (r *Replicas) publish() {
	ready := r.sightings.ready()
	if slices.Equal(ready, *r.ready.Load()) {
		return
	}
	r.ready.Store(&ready)
	r.mu.Lock()
	subscribers := slices.Clone(r.subscribers)
	r.mu.Unlock()
	for _, f := range subscribers {
		f()
	}
}
