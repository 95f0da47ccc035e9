// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/controllers/cluster"
)

// The Leases of other controllers' replicas tell which controllers there are.
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=list;watch

const (
	// peerGrace is how long to wait for a controller that is gone, in renewals of the own Lease. A controller whose only
	// replica is replaced comes back, and each change of who writes costs a write of every object that both serve.
	peerGrace = 6
	// peerExpiry is how many renewals of the own Lease a controller may stay silent that did not delete its own.
	peerExpiry = int(replicaExpiry/replicaRenewal) + peerGrace
)

// Peers are the controllers that serve objects of the same namespaces as this one does. A status has one writer: of the
// controllers that serve an object, the first in the order of their standings. If an object names a class, the
// controllers of that class come before all others.
//
// All exported methods but Present and Controllers work on nil, which knows no other controller.
type Peers struct {
	// leases are the Leases of all namespaces, if they may be read.
	leases *cluster.OptionalCache
	// own is the standing of this controller until its Lease has one. lease is the name of that Lease.
	own   standing
	lease types.NamespacedName
	// among are the namespaces whose Leases count, besides the own namespace. EveryNamespace stands for all.
	among []string
	// elects says that the replicas of this controller elect the one that writes.
	elects  bool
	metrics *Metrics

	mu    sync.Mutex
	beats int // renewals of the own Lease, counted as in sightings
	seen  map[types.NamespacedName]*glimpse
	// machines are the addresses of the replica of each Lease that is there, whatever else the Lease says.
	machines    map[types.NamespacedName][]netip.Addr
	subscribers []func()

	company atomic.Pointer[Company]
}

// glimpse is what was last seen of a Lease.
type glimpse struct {
	standing standing
	holder   string
	renewed  time.Time
	beat     int
	// stale is as in sightings. left is set once the Lease was deleted, and beat is when that was.
	stale, left bool
}

// Company are the controllers that are alive, in the order in which they write. This one is always among them. It is
// immutable.
type Company struct {
	all []standing
	own int // the index of this one
	// leads is set if this replica writes for its controller. It matters if the replicas do not elect one that writes.
	leads bool
}

// Several returns whether there are other controllers.
func (c *Company) Several() bool { return len(c.all) > 1 }

// names returns the names of the controllers.
func (c *Company) names() (names []string) {
	for i := range c.all {
		names = append(names, c.all[i].controller())
	}
	return names
}

func newPeers(own standing, lease types.NamespacedName, elects bool, metrics *Metrics) *Peers {
	p := &Peers{own: own, lease: lease, elects: elects, metrics: metrics,
		seen: map[types.NamespacedName]*glimpse{}, machines: map[types.NamespacedName][]netip.Addr{}}
	p.company.Store(&Company{all: []standing{own}, leads: true})
	return p
}

// replicaLeases selects the Leases of the replicas of all controllers.
func replicaLeases() labels.Selector {
	labelled, err := labels.NewRequirement(replicaLabel, selection.Exists, nil)
	if err != nil {
		panic(err) // The label is a constant.
	}
	return labels.NewSelector().Add(*labelled)
}

// peerCacheOptions returns the options of a cache of the Leases of all controllers' replicas, in these namespaces or in
// all.
func peerCacheOptions(namespaces []string) cache.Options {
	return cache.Options{DefaultNamespaces: cluster.WatchedNamespaces(namespaces), ByObject: map[client.Object]cache.ByObject{
		&coordinationv1.Lease{}: {Label: replicaLeases(), Transform: trimLease},
	}}
}

// standingLimit is how long a Lease's standing may be in bytes: 250 namespaces with the longest names take as much.
const standingLimit = 16 << 10

// trimLease keeps of a Lease only what is read, and bounds it: anybody may have made the Lease.
func trimLease(object any) (any, error) {
	lease, ok := object.(*coordinationv1.Lease)
	if !ok {
		return object, nil
	}
	trimmed := cluster.Identity(&lease.ObjectMeta)
	trimmed.Labels = map[string]string{replicaLabel: lease.Labels[replicaLabel]}
	trimmed.Annotations = map[string]string{}
	for name, limit := range map[string]int{standingAnnotation: standingLimit, addressAnnotation: machineLimit, machineAnnotation: machineLimit} {
		if text, ok := lease.Annotations[name]; ok && len(text) <= limit {
			trimmed.Annotations[name] = text
		}
	}
	lease.ObjectMeta, lease.Spec = trimmed, coordinationv1.LeaseSpec{RenewTime: lease.Spec.RenewTime}
	return lease, nil
}

// Watch looks at every change of a Lease until ctx ends.
func (p *Peers) Watch(ctx context.Context) error {
	if p == nil {
		return nil
	}
	return p.leases.Watch(ctx, p.handler(ctx))
}

func (p *Peers) handler(ctx context.Context) toolscache.ResourceEventHandler {
	seen := func(object any) {
		if lease, ok := object.(*coordinationv1.Lease); ok {
			p.see(ctx, lease, time.Now())
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    seen,
		UpdateFunc: func(_, object any) { seen(object) },
		DeleteFunc: func(object any) {
			if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			if lease, ok := object.(metav1.Object); ok {
				p.leave(ctx, types.NamespacedName{Namespace: lease.GetNamespace(), Name: lease.GetName()})
			}
		},
	}
}

// Settle waits until the other controllers are known, or it is known that they cannot be. It returns false if ctx ends
// first.
func (p *Peers) Settle(ctx context.Context) bool {
	if p == nil {
		return true
	}
	if !p.leases.Settle(ctx) {
		return false
	}
	if p.leases.Synced(ctx) {
		// The handler may be behind the cache.
		var list coordinationv1.LeaseList
		if err := p.leases.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
			log.FromContext(ctx).Error(err, "listing the Leases of other controllers")
		}
		for i := range list.Items {
			p.see(ctx, &list.Items[i], time.Now())
		}
	}
	return true
}

// blind returns whether the Leases of other namespaces are not read.
func (p *Peers) blind(ctx context.Context) bool {
	return p != nil && (len(p.among) == 0 || !p.leases.Synced(ctx))
}

// Late waits for Leases of other namespaces that could not be read, and calls changed when they can be.
func (p *Peers) Late(ctx context.Context, changed func()) {
	if p != nil && !p.leases.Synced(ctx) && p.leases.Sync(ctx) {
		changed()
	}
}

// see notes the present state of a Lease.
func (p *Peers) see(ctx context.Context, lease *coordinationv1.Lease, now time.Time) {
	if p == nil || !p.heeds(lease.Namespace) {
		return
	}
	key := client.ObjectKeyFromObject(lease)
	p.machineIs(key, readMachine(lease))
	current, ok := readStanding(lease)
	if !ok {
		p.part(ctx, key)
		return
	}
	holder := lease.Name
	p.mu.Lock()
	before, renewed := p.seen[key], lease.Spec.RenewTime.Time
	switch {
	case before == nil:
		p.seen[key] = &glimpse{standing: current, holder: holder, renewed: renewed, beat: p.beats,
			stale: key != p.lease && now.Sub(renewed) > replicaExpiry}
	case renewed.Before(before.renewed):
		// Each Lease of the own namespace is reported twice, and out of order.
	case renewed.After(before.renewed) || before.standing != current:
		if key == p.lease && renewed.After(before.renewed) {
			p.beats++
		}
		*before = glimpse{standing: current, holder: holder, renewed: renewed, beat: p.beats}
	}
	p.mu.Unlock()
	p.publish(ctx)
}

// heeds returns whether Leases of a namespace count. Kubernetes' role edit may write Leases: if all namespaces counted,
// whoever has that role anywhere could stop this controller from writing statuses and ordering certificates.
func (p *Peers) heeds(namespace string) bool {
	return namespace == p.own.namespace || slices.Contains(p.among, EveryNamespace) || slices.Contains(p.among, namespace)
}

// EveryNamespace in PeerNamespaces stands for all namespaces.
const EveryNamespace = "*"

// leave notes that a Lease is gone.
func (p *Peers) leave(ctx context.Context, key types.NamespacedName) {
	if p == nil {
		return
	}
	p.machineIs(key, nil)
	p.part(ctx, key)
}

// machineIs notes the addresses of the replica of a Lease, none if the Lease is gone.
func (p *Peers) machineIs(key types.NamespacedName, addresses []netip.Addr) {
	p.mu.Lock()
	same := slices.Equal(p.machines[key], addresses)
	if len(addresses) > 0 {
		p.machines[key] = addresses
	} else {
		delete(p.machines, key)
	}
	subscribers := slices.Clone(p.subscribers)
	p.mu.Unlock()
	if same {
		return
	}
	for _, f := range subscribers {
		f()
	}
}

// Machines returns the addresses of the machines, or Pods, that replicas of any controller run on. A replica counts as
// long as its Lease is there, ready or not: one that is cut off from the API server goes on serving. A replica of an
// earlier version tells only the address that it is reached at.
func (p *Peers) Machines() (addresses []netip.Addr) {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, of := range p.machines {
		addresses = append(addresses, of...)
	}
	return addresses
}

// part notes that no controller is there by a Lease.
func (p *Peers) part(ctx context.Context, key types.NamespacedName) {
	p.mu.Lock()
	if g := p.seen[key]; g != nil && !g.left {
		g.left, g.beat = true, p.beats
	}
	p.mu.Unlock()
	p.publish(ctx)
}

// Subscribe has f called when other controllers come, go or change their standing, or when the result of Machines
// changes. f must not block.
func (p *Peers) Subscribe(f func()) {
	if p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.subscribers = append(p.subscribers, f)
	}
}

// publish tells the subscribers if the company has changed.
func (p *Peers) publish(ctx context.Context) {
	p.mu.Lock()
	next, before := p.gather(), p.company.Load()
	same := next.own == before.own && next.leads == before.leads && slices.Equal(next.all, before.all)
	if !same {
		p.company.Store(next)
	}
	subscribers := slices.Clone(p.subscribers)
	p.mu.Unlock()
	if same {
		return
	}
	p.tell(ctx, before, next)
	for _, f := range subscribers {
		f()
	}
}

// gather returns the controllers that are alive.
func (p *Peers) gather() *Company {
	byController := map[string]*standing{}
	first := "" // the first of the own replicas, by name
	for key, g := range p.seen {
		limit := peerExpiry
		if g.left {
			limit = peerGrace
		}
		if p.beats-g.beat > limit {
			delete(p.seen, key)
			continue
		}
		if g.stale {
			continue
		}
		name := g.standing.controller()
		if name == p.own.controller() && !g.left && (first == "" || g.holder < first) {
			first = g.holder
		}
		if known := byController[name]; known != nil {
			known.merge(&g.standing)
		} else if s := g.standing; name == p.own.controller() || s.overlaps(&p.own) {
			byController[name] = &s
		}
	}
	c := &Company{leads: p.elects || first == "" || first == p.lease.Name}
	for _, s := range byController {
		c.all = append(c.all, *s)
	}
	slices.SortFunc(c.all, func(a, b standing) int { return a.precedes(&b) })
	c.own = slices.IndexFunc(c.all, func(s standing) bool { return s.controller() == p.own.controller() })
	if c.own < 0 {
		// The other controllers do not know this one yet. So this one lets them go first.
		c.own = len(c.all)
		c.all = append(c.all, p.own)
	}
	return c
}

// tell logs which other controllers there are, and who goes first.
func (p *Peers) tell(ctx context.Context, before, after *Company) {
	names := after.names()
	p.metrics.peersAre(names, after.own)
	if slices.Equal(before.names(), names) {
		return
	}
	logger := log.FromContext(ctx).WithValues("this", after.all[after.own].controller())
	if len(names) == 1 {
		logger.Info("no other controller serves these namespaces any more: this one writes all statuses")
		return
	}
	logger.Info("several controllers serve the same namespaces: the first that serves an object writes its status",
		"controllers", names)
}

// Present returns the controllers that there are now. Do not call it on nil.
func (p *Peers) Present() *Company { return p.company.Load() }

// Controllers returns the names of the controllers that there are now, in the order in which they write.
func (p *Peers) Controllers() []string { return p.Present().names() }

// Alone returns whether there is no other controller.
func (p *Peers) Alone() bool { return p == nil || len(p.company.Load().all) == 1 }

// Writes returns whether this replica writes the status of an object in a namespace. by are the controllers that serve
// the object. If none of them is alive, any controller of the namespace may write.
func (p *Peers) Writes(namespace string, by *Claimants) bool {
	return p.writesIf(namespace, by.include)
}

// writesIf is Writes with a condition in place of the claimants.
func (p *Peers) writesIf(namespace string, serves func(*standing) bool) bool {
	if p == nil {
		return true
	}
	c := p.company.Load()
	if !c.leads {
		return false
	}
	return len(c.all) == 1 || c.first(namespace, serves) == c.own
}

// Orders is Writes for ordering certificates: it counts only controllers that order.
func (p *Peers) Orders(namespace string, by *Claimants) bool {
	return p.writesIf(namespace, func(s *standing) bool { return s.orders && by.include(s) })
}

// GoesOnWith is Orders for what a controller has begun to order. at is that controller's name. It goes on with the
// order if it is alive and the object is for it.
func (p *Peers) GoesOnWith(namespace, at string, by *Claimants) bool {
	begun := p.alive(at)
	if begun != nil && begun.watching(namespace) && begun.orders && by.include(begun) {
		return p.writesIf(namespace, func(s *standing) bool { return s.controller() == begun.controller() })
	}
	return p.Orders(namespace, by)
}

// first returns the index of the first controller that serves the object, or else of the first that watches the
// namespace.
func (c *Company) first(namespace string, serves func(*standing) bool) int {
	otherwise := -1
	for i := range c.all {
		s := &c.all[i]
		switch {
		case !s.watching(namespace):
		case serves(s):
			return i
		case otherwise < 0:
			otherwise = i
		}
	}
	return otherwise
}

// alive returns the controller of a name, nil if it is not alive.
func (p *Peers) alive(name string) *standing {
	if p == nil {
		return nil
	}
	c := p.company.Load()
	for i := range c.all {
		if c.all[i].controller() == name {
			return &c.all[i]
		}
	}
	return nil
}

// standing returns how the controller stands among several, without since. class returns whether there is an
// IngressClass of its class, whether that is the cluster's default, and which classes it serves as ingress-nginx did.
func (p *Peers) standing(class func() (named, byDefault bool, forNginx []string)) standing {
	s := p.own
	s.blind = p.blind(context.Background())
	var forNginx []string
	s.named, s.byDefault, forNginx = class()
	s.nginx = joinNames(forNginx)
	return s
}

// AddPeers has the manager run the cache of the other controllers' Leases. It returns nil for a replica without a
// Lease.
func AddPeers(mgr ctrl.Manager, config *Config) (*Peers, error) {
	if config.Self.Name == "" {
		return nil, nil
	}
	own := standing{namespace: config.Namespace, class: config.Class, watches: joinNames(config.WatchNamespaces), orders: config.Orders}
	lease := types.NamespacedName{Namespace: config.Namespace, Name: config.Self.leaseName()}
	p := newPeers(own, lease, config.Elects, config.Metrics)
	p.among = config.PeerNamespaces
	var err error
	namespaces := append([]string{config.Namespace}, p.among...)
	if slices.Contains(p.among, EveryNamespace) {
		namespaces = nil
	}
	p.leases, err = cluster.AddOptionalCache(mgr, peerCacheOptions(namespaces), &coordinationv1.Lease{},
		"so that controllers in other namespaces are not known, whose statuses this one may overwrite: "+
			"grant list and watch on Leases in the whole cluster, or heed this no further")
	return p, err
}
