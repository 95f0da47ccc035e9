// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

const (
	// recordTimeout bounds how long a build waits for claims to be recorded. firstRecordTimeout is for the first build of
	// a control plane, which may have to record all hosts.
	recordTimeout      = time.Second
	firstRecordTimeout = 10 * time.Second

	// After a failed attempt, the next one comes after recordRetryFirst. Each further pause is twice as long, up to
	// recordRetryLimit.
	recordRetryFirst = time.Second
	recordRetryLimit = time.Minute

	// recordAttempts is how many times a shard is written before giving up, if each time somebody else wrote it first.
	recordAttempts = 5
	// recordsAtOnce is how many shards are written at the same time.
	recordsAtOnce = 8
)

// Hosts know which namespace each host belongs to. Before a host is served, it is recorded for the namespace of the
// oldest Ingress that names it. It stays with that namespace, even if an older Ingress comes, until the namespace has
// no rule for it any more.
//
// Every replica records: whoever comes second reads who was first. If nothing can be recorded, a host stays with the
// namespace that had it in the build before.
//
// A process has one Hosts, which outlives a control plane that is started again.
type Hosts struct {
	metrics *hostMetrics
	// shared is set if hosts belong to everybody, and none is recorded.
	shared atomic.Bool

	// building is held during a build. It guards the fields down to states.
	building sync.Mutex
	// builds is the number of builds so far. seen is how many claims have a rule in the present build that keeps them.
	builds, seen uint64
	claims       map[string]*heldClaim
	// owners has the namespace of each claim in claims, by host.
	owners lentMap
	// kept has the namespaces of those claims that were released, or that cannot be read.
	kept lentMap
	// settled is the input of the latest build, if that found nothing to do about hosts, and nothing has changed since.
	settled settlement
	// absorbed are the versions of the shards that claims was made from.
	absorbed map[string]*claimShard
	// notBefore is when the next attempt to record may be made after a failed one. delay is the pause before it.
	notBefore time.Time
	delay     time.Duration
	retry     *time.Timer
	// full is set while there is no room to record some hosts.
	full bool
	// source returns the Ingresses that the running control plane knows. scope is what its ConfigMaps are named after.
	// running counts the control planes, and so identifies the present one.
	source  func(context.Context) (translate.Input, error)
	scope   string
	running int
	// states counts the claims by state.
	states map[string]int

	mu sync.Mutex
	// shards are the latest known versions. arrived are the names of those that came since the last build.
	shards  map[string]*claimShard
	arrived map[string]bool
	// writing is how many builds are writing now. They absorb by themselves what arrives meanwhile.
	writing int
}

// heldClaim is a claim as a build knows it.
type heldClaim struct {
	hostClaim
	// recorded is false for a claim that only this process remembers. unreadable is true for a claim whose entry does not
	// say which namespace has the host.
	recorded, unreadable bool
	// seen is the latest build in which a rule of the namespace names the host.
	seen uint64
}

// New returns Hosts that know no host yet.
func New() *Hosts {
	return &Hosts{
		metrics: newHostMetrics(),
		claims:  map[string]*heldClaim{}, absorbed: map[string]*claimShard{},
		shards: map[string]*claimShard{}, arrived: map[string]bool{}, states: map[string]int{},
	}
}

// Share sets whether hosts belong to everybody, so that none is recorded.
func (h *Hosts) Share(shared bool) { h.shared.Store(shared) }

// noteArrival notes a version of a shard. It returns whether this needs a build.
func (h *Hosts) noteArrival(shard *claimShard) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !shard.newer(h.shards[shard.name]) {
		return false
	}
	h.put(shard)
	return h.writing == 0
}

// vanished notes that a whole shard was deleted. Its claims are recorded again: to free one host, one deletes its
// entry. vanished returns whether this needs a build.
func (h *Hosts) vanished(last *claimShard) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := h.shards[last.name]
	if known == nil || known.resourceVersion == "" || known.newer(last) {
		return false
	}
	h.put(&claimShard{name: last.name, data: known.data})
	return h.writing == 0
}

// replace notes a version of a shard that was just read or written.
func (h *Hosts) replace(shard *claimShard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if known := h.shards[shard.name]; shard.resourceVersion == "" && known != nil {
		shard = &claimShard{name: shard.name, data: known.data}
	}
	h.put(shard)
}

func (h *Hosts) put(shard *claimShard) {
	h.shards[shard.name] = shard
	h.arrived[shard.name] = true
}

// known returns the latest known version of a shard.
func (h *Hosts) known(name string) *claimShard {
	h.mu.Lock()
	defer h.mu.Unlock()
	if shard := h.shards[name]; shard != nil {
		return shard
	}
	return &claimShard{name: name}
}

// Settle finds out which namespace each host of an input belongs to, and records what is new. The caller holds building
// until it is done with in.Owners.
func (k *Keeper) Settle(ctx context.Context, in *translate.Input) {
	if in.Options.AllowSharedHosts {
		return
	}
	h := k.hosts
	h.absorb(ctx)
	if h.settled.still(in) {
		in.Owners, in.Kept = h.owners.lend(), h.kept.lend()
		return
	}
	h.builds++
	h.seen = 0
	h.forget(in)
	fresh, returned := h.read(in)
	wanted := h.wanted(fresh, returned, k.scope, k.now())
	timeout := recordTimeout
	if !k.started {
		timeout, k.started = firstRecordTimeout, true
	}
	if len(wanted) > 0 && !k.now().Before(h.notBefore) {
		recording, cancel := context.WithTimeout(ctx, timeout)
		k.logOutcome(ctx, k.record(recording, wanted))
		cancel()
		h.absorb(ctx)
	}
	// A host that could not be recorded stays with this namespace for as long as this process lives.
	for host, by := range fresh {
		if _, ok := h.claims[host]; !ok {
			h.set(host, &heldClaim{hostClaim: hostClaim{Namespace: by.Namespace, Since: k.now()}})
		}
	}
	orphans := k.orphans(in)
	k.released.offer(offer{orphans, translate.Input{AllowedHosts: in.AllowedHosts, Options: in.Options}})
	h.metrics.count(h.states, len(h.claims))
	in.Owners, in.Kept = h.owners.lend(), h.kept.lend()
	if len(wanted) == 0 && len(orphans) == 0 && h.states[claimUnrecorded] == 0 {
		h.settled = settlement{known: true, objects: in.Objects, allowed: in.AllowedHosts}
	}
}

// settlement is an input of which each host is recorded for whoever names it.
type settlement struct {
	known   bool
	objects []*rules.Object
	allowed map[string]*string
}

// still returns whether there is nothing to find out about the hosts of another input either: it names the same.
func (s *settlement) still(in *translate.Input) bool {
	if !s.known || reflect.ValueOf(s.allowed).Pointer() != reflect.ValueOf(in.AllowedHosts).Pointer() || !translate.SameHosts(s.objects, in.Objects) {
		return false
	}
	s.objects = in.Objects
	return true
}

// forget drops the claims that are not recorded and that no rule of their namespaces keeps.
func (h *Hosts) forget(in *translate.Input) {
	if h.states[claimUnrecorded] == 0 {
		return
	}
	kept := make(map[string]bool)
	translate.EachHost(in, func(host string, by *rules.Object, _ bool) {
		if claim := h.claims[host]; claim != nil && !claim.recorded && claim.Namespace == by.Namespace {
			kept[host] = true
		}
	})
	for host, claim := range h.claims {
		if !claim.recorded && !kept[host] {
			h.drop(host)
		}
	}
}

// read looks at all rules. fresh has the hosts without a claim, each with the oldest Ingress that names it and whose
// namespace may have it. returned are the hosts whose namespace names them although their claim is marked as released,
// or is not recorded.
func (h *Hosts) read(in *translate.Input) (fresh map[string]*rules.Object, returned []string) {
	fresh = make(map[string]*rules.Object)
	translate.EachHost(in, func(host string, by *rules.Object, may bool) {
		claim, ok := h.claims[host]
		switch {
		case !ok && !may:
		case !ok:
			if first := fresh[host]; first == nil || rules.Older(by, first) < 0 {
				fresh[host] = by
			}
		case claim.Namespace == by.Namespace && claim.seen != h.builds:
			h.see(claim)
			if !claim.Released.IsZero() || !claim.recorded {
				returned = append(returned, host)
			}
		}
	})
	return fresh, returned
}

func (h *Hosts) see(claim *heldClaim) {
	if claim.seen != h.builds {
		claim.seen = h.builds
		h.seen++
	}
}

// wanted returns the claims that are to be recorded, by the names of their shards.
func (h *Hosts) wanted(fresh map[string]*rules.Object, returned []string, scope string, now time.Time) map[string][]wantedClaim {
	wanted := make(map[string][]wantedClaim)
	want := func(host string, claim hostClaim) {
		name := claimShardName(scope, host)
		wanted[name] = append(wanted[name], wantedClaim{host, claim})
	}
	for host, by := range fresh {
		want(host, hostClaim{Namespace: by.Namespace, Since: now})
	}
	for _, host := range returned {
		claim := h.claims[host].hostClaim
		claim.Released = time.Time{}
		want(host, claim)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, shard := range h.shards {
		if _, ok := wanted[name]; !ok && shard.resourceVersion == "" && len(shard.data) > 0 {
			wanted[name] = nil
		}
	}
	return wanted
}

// record writes the wanted claims.
func (k *Keeper) record(ctx context.Context, wanted map[string][]wantedClaim) error {
	k.hosts.mu.Lock()
	k.hosts.writing++
	k.hosts.mu.Unlock()
	defer func() {
		k.hosts.mu.Lock()
		k.hosts.writing--
		k.hosts.mu.Unlock()
	}()
	var full int
	var counting sync.Mutex
	var g errgroup.Group
	g.SetLimit(recordsAtOnce)
	for name, claims := range wanted {
		g.Go(func() error {
			left, err := k.recordShard(ctx, name, claims)
			counting.Lock()
			full += left
			counting.Unlock()
			return err
		})
	}
	err := g.Wait()
	if err == nil && full > 0 {
		err = fmt.Errorf("%d hosts: %w", full, errClaimsFull)
	}
	return err
}

func (k *Keeper) recordShard(ctx context.Context, name string, wanted []wantedClaim) (full int, err error) {
	for range recordAttempts {
		next, changed, full := k.hosts.known(name).with(wanted)
		if !changed {
			return full, nil
		}
		written, err := k.store.write(ctx, next)
		if err == nil {
			k.hosts.replace(written)
			return full, nil
		}
		if !errors.Is(err, errLostRace) {
			return 0, err
		}
		latest, err := k.store.read(ctx, name)
		if err != nil {
			return 0, err
		}
		k.hosts.replace(latest)
	}
	return 0, errLostRace
}

// logOutcome logs once that hosts cannot be recorded, and once that they can be again. It makes the pauses between
// attempts longer and longer, so that builds rarely wait.
func (k *Keeper) logOutcome(ctx context.Context, err error) {
	h := k.hosts
	logger := log.FromContext(ctx)
	if h.retry != nil {
		h.retry.Stop()
	}
	noRoom := errors.Is(err, errClaimsFull)
	if noRoom && !h.full {
		logger.Error(err, "hosts are not on record, and stay with their namespaces for as long as this process lives: "+
			"spread them over more namespaces")
	}
	if err == nil || noRoom { // Want of room is found out with each build, and costs no request.
		h.full = noRoom
		if h.delay > 0 {
			logger.Info("it is on record again which namespaces hosts belong to")
		}
		h.notBefore, h.delay = time.Time{}, 0
		return
	}
	if h.delay == 0 {
		logger.Error(err, "it cannot be recorded which namespaces hosts belong to: they stay with those that have them "+
			"for as long as this process lives (may it create, get, list, watch and update ConfigMaps of its namespace?)")
	}
	h.delay = min(max(2*h.delay, recordRetryFirst), recordRetryLimit)
	h.notBefore = k.now().Add(h.delay)
	h.retry = time.AfterFunc(h.delay, k.again)
}

// absorb updates the claims from the shards that have arrived.
func (h *Hosts) absorb(ctx context.Context) {
	h.mu.Lock()
	came := make([]*claimShard, 0, len(h.arrived))
	for name := range h.arrived {
		came = append(came, h.shards[name])
	}
	clear(h.arrived)
	h.mu.Unlock()
	if len(came) > 0 {
		h.settled = settlement{}
	}
	for _, shard := range came {
		h.absorbShard(ctx, shard)
	}
}

func (h *Hosts) absorbShard(ctx context.Context, shard *claimShard) {
	before := h.absorbed[shard.name]
	if before == nil {
		before = &claimShard{}
	}
	h.absorbed[shard.name] = shard
	for key := range before.data {
		if _, ok := shard.data[key]; !ok {
			h.drop(claimedHost(key))
		}
	}
	for key, text := range shard.data {
		host := claimedHost(key)
		if old, ok := before.data[key]; ok && old == text && h.claims[host] != nil {
			continue
		}
		claim, err := readClaim(text)
		if err == nil {
			h.set(host, &heldClaim{hostClaim: claim, recorded: true})
			continue
		}
		log.FromContext(ctx).Error(err, "an entry that says which namespace a host belongs to cannot be read: the host stays "+
			"with whom it is known to be of, and is nobody's otherwise; mend the entry, or delete it", "configMap", shard.name, "key", key)
		if known := h.claims[host]; known != nil && known.recorded {
			continue
		}
		h.set(host, &heldClaim{recorded: true, unreadable: true})
	}
}

// nobody owns a host whose entry cannot be read. It is no valid name of a namespace.
const nobody = "?"

// set gives a host to a namespace. A new claim counts as seen until the next build, which finds out whether a rule
// keeps it.
func (h *Hosts) set(host string, claim *heldClaim) {
	h.discount(host)
	h.claims[host] = claim
	owner := cmp.Or(claim.Namespace, nobody)
	h.owners.set(host, owner)
	if claim.unreadable || !claim.Released.IsZero() {
		h.kept.set(host, owner)
	} else {
		h.kept.delete(host)
	}
	h.states[claim.state()]++
	h.see(claim)
}

func (c *heldClaim) state() string {
	switch {
	case c.unreadable:
		return claimUnreadable
	case !c.recorded:
		return claimUnrecorded
	case !c.Released.IsZero():
		return claimReleased
	}
	return claimHeld
}

// drop takes a host from its namespace.
func (h *Hosts) drop(host string) {
	h.discount(host)
	delete(h.claims, host)
	h.owners.delete(host)
	h.kept.delete(host)
}

// discount counts the claim of a host no more, if there is one.
func (h *Hosts) discount(host string) {
	h.settled = settlement{}
	if claim := h.claims[host]; claim != nil {
		if claim.seen == h.builds {
			h.seen--
		}
		h.states[claim.state()]--
	}
}

// orphans returns the claims whose namespaces have no rule for the host.
func (k *Keeper) orphans(in *translate.Input) []orphan {
	h := k.hosts
	if h.seen == uint64(len(h.claims)) {
		return nil
	}
	var orphans []orphan
	forbidden := translate.Forbidden(in)
	at := make(map[string]int)
	for host, claim := range h.claims {
		if claim.seen == h.builds || claim.unreadable || !k.watched(claim.Namespace) {
			continue
		}
		at[host] = len(orphans)
		orphans = append(orphans, orphan{host: host, namespace: claim.Namespace, released: claim.Released,
			forbidden: forbidden(claim.Namespace, host)})
	}
	if len(orphans) == 0 {
		return nil
	}
	first := make([]*rules.Object, len(orphans))
	translate.EachHost(in, func(host string, by *rules.Object, may bool) {
		if i, ok := at[host]; ok && may && (first[i] == nil || rules.Older(by, first[i]) < 0) {
			first[i], orphans[i].heir = by, by.Namespace
		}
	})
	return orphans
}
