// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/test/fixture"
)

// The model of claims has two tenants, two hosts and one or two replicas, with random histories. Ages have a resolution
// of a second, so two objects of one second stand for a race.

var (
	modelTenants = []string{"a", "b"}
	modelHosts   = []string{"x.io", "*.io"}
)

// modelObject is an Ingress.
type modelObject struct {
	namespace, name, host string
	standard              bool
	created               time.Time
}

// modelEvent is an event of a watch: an object, or that it is gone.
type modelEvent struct {
	name   string
	object *modelObject
}

// modelWorld is the API server, and what the test knows of it.
type modelWorld struct {
	t       *testing.T
	r       *rand.Rand
	seed    uint64
	history []string
	now     time.Time
	grace   time.Duration
	// objects are by name. events are all events of each kind.
	objects map[string]modelObject
	events  map[bool][]modelEvent
	made    int
	// writing guards the following fields from the parallel writes of one build. shards are the ConfigMaps, and versions
	// all versions that there were.
	writing  sync.Mutex
	shards   map[string]*claimShard
	versions []*claimShard
	// down keeps claims from being written.
	down bool
	// absent are the namespaces and hosts that the latest answer about them did not name. lapsed is when a claim's
	// namespace first had no rule for the host.
	absent map[[2]string]bool
	lapsed map[string]time.Time
	// meanwhile runs between the answer to a question and the write that follows it.
	meanwhile func()
	failed    bool
}

func newModelWorld(t *testing.T, seed uint64) *modelWorld {
	w := &modelWorld{t: t, r: rand.New(rand.NewPCG(seed, 0)), seed: seed, now: time.Unix(1_000_000, 0),
		objects: map[string]modelObject{}, events: map[bool][]modelEvent{}, shards: map[string]*claimShard{},
		absent: map[[2]string]bool{}, lapsed: map[string]time.Time{}, meanwhile: func() {}}
	if w.r.IntN(3) == 0 {
		w.grace = 10 * time.Second
	}
	return w
}

func (w *modelWorld) say(format string, values ...any) {
	w.history = append(w.history, fmt.Sprintf(format, values...))
}

func (w *modelWorld) fail(format string, values ...any) {
	w.t.Helper()
	w.failed = true
	w.t.Errorf("seed %d: %s, after\n\t%s", w.seed, fmt.Sprintf(format, values...), strings.Join(w.history, "\n\t"))
}

// tenantActs has a tenant create, edit or delete an Ingress.
func (w *modelWorld) tenantActs() {
	tenant := modelTenants[w.r.IntN(len(modelTenants))]
	var own []string
	for _, name := range slices.Sorted(maps.Keys(w.objects)) {
		if w.objects[name].namespace == tenant {
			own = append(own, name)
		}
	}
	host := modelHosts[w.r.IntN(len(modelHosts))]
	switch {
	case len(own) == 0 || len(own) < 3 && w.r.IntN(3) == 0:
		w.made++
		w.put(modelObject{tenant, fmt.Sprintf("%s-%d", tenant, w.made), host, w.r.IntN(2) == 0, w.now})
	case w.r.IntN(2) == 0:
		object := w.objects[own[w.r.IntN(len(own))]]
		object.host = host
		w.put(object)
	default:
		w.remove(own[w.r.IntN(len(own))])
	}
	if w.r.IntN(2) == 0 {
		w.now = w.now.Add(time.Second)
	}
}

func (w *modelWorld) put(object modelObject) {
	w.say("%s names %s, standard: %v, of %d", object.name, object.host, object.standard, object.created.Unix())
	w.objects[object.name] = object
	w.events[object.standard] = append(w.events[object.standard], modelEvent{object.name, &object})
	w.lapse()
}

func (w *modelWorld) remove(name string) {
	w.say("%s goes", name)
	standard := w.objects[name].standard
	delete(w.objects, name)
	w.events[standard] = append(w.events[standard], modelEvent{name, nil})
	w.lapse()
}

// lapse notes which claims' namespaces have no rule.
func (w *modelWorld) lapse() {
	for host, namespace := range w.recordedOwners() {
		if _, ok := w.lapsed[host]; !ok && !w.names(namespace, host) {
			w.lapsed[host] = w.now
		}
	}
}

func (w *modelWorld) names(namespace, host string) bool {
	for _, object := range w.objects {
		if object.namespace == namespace && object.host == host {
			return true
		}
	}
	return false
}

// oldest is the namespace of the oldest Ingress that names a host.
func (w *modelWorld) oldest(host string) string {
	var first *modelObject
	for _, object := range w.objects {
		if object.host == host && (first == nil || cmp.Or(object.created.Compare(first.created),
			cmp.Compare(object.namespace, first.namespace)) < 0) {
			first = &object
		}
	}
	if first == nil {
		return ""
	}
	return first.namespace
}

// recordedOwners returns who has which host on record.
func (w *modelWorld) recordedOwners() map[string]string {
	owners := map[string]string{}
	for _, shard := range w.shards {
		for key, text := range shard.data {
			if claim, err := readClaim(text); err == nil {
				owners[claimedHost(key)] = claim.Namespace
			}
		}
	}
	return owners
}

var errDown = errors.New("the API server does not answer")

func (w *modelWorld) read(_ context.Context, name string) (*claimShard, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	if w.down {
		return nil, errDown
	}
	if shard := w.shards[name]; shard != nil {
		return shard, nil
	}
	return &claimShard{name: name}, nil
}

// write checks that no claim is taken from a namespace that has a rule for the host.
func (w *modelWorld) write(_ context.Context, shard *claimShard) (*claimShard, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	if w.down {
		return nil, errDown
	}
	latest := w.shards[shard.name]
	if latest == nil && shard.resourceVersion != "" || latest != nil && latest.resourceVersion != shard.resourceVersion {
		return nil, errLostRace
	}
	before := w.recordedOwners()
	w.store(shard.name, shard.data)
	for host, after := range w.recordedOwners() {
		if before[host] != after {
			w.say("%s is %s's on record", host, after)
		}
	}
	for host, owner := range before {
		if after := w.recordedOwners()[host]; after != owner {
			began, lapsed := w.lapsed[host]
			switch {
			case !w.absent[[2]string{owner, host}] || !lapsed:
				w.fail("%s is taken from %s, which has not given it up, for %q", host, owner, after)
			case w.now.Sub(began) < w.grace:
				w.fail("%s is taken from %s after %v of its grace", host, owner, w.now.Sub(began))
			}
			delete(w.lapsed, host)
		}
	}
	w.lapse()
	return w.shards[shard.name], nil
}

func (w *modelWorld) store(name string, data map[string]string) {
	shard := &claimShard{name: name, resourceVersion: strconv.Itoa(len(w.versions) + 1), data: data}
	w.shards[name] = shard
	w.versions = append(w.versions, shard)
}

func (w *modelWorld) allowed(_ context.Context, _ string, in translate.Input) (translate.Input, error) {
	return in, nil
}

func (w *modelWorld) named(_ context.Context, namespace string, _ translate.Input) (map[string]bool, bool, error) {
	if w.down {
		return nil, false, errDown
	}
	hosts := map[string]bool{}
	for _, host := range modelHosts {
		if hosts[host] = w.names(namespace, host); hosts[host] {
			w.absent[[2]string{namespace, host}] = false
		} else {
			w.absent[[2]string{namespace, host}] = true
		}
	}
	w.meanwhile()
	return hosts, true, nil
}

// modelReplica is a process whose caches lag by a random time.
type modelReplica struct {
	*modelWorld
	name   string
	keeper *Keeper
	// view is what its caches hold. read is how far they have read each kind, and the ConfigMaps.
	view     map[string]modelObject
	read     map[bool]int
	versions int
	orphans  offer
}

// start starts a replica, whose caches are filled before it does anything.
func (w *modelWorld) start(name string) *modelReplica {
	w.say("%s starts", name)
	hosts := New()
	r := &modelReplica{modelWorld: w, name: name, view: maps.Clone(w.objects), read: map[bool]int{}, versions: len(w.versions)}
	for _, kind := range []bool{false, true} {
		r.read[kind] = len(w.events[kind])
	}
	now := func() time.Time { return w.now }
	r.keeper = &Keeper{hosts: hosts, store: w, scope: "warren", now: now, again: func() {}, watched: func(string) bool { return true },
		released: newClaimReleaser(hosts, w, "warren", w.grace, now, func() {})}
	for _, shard := range w.shards {
		hosts.noteArrival(shard)
	}
	return r
}

// learn reads a part of what the caches do not have yet, or all of it.
func (r *modelReplica) learn(all bool) {
	some := func(left int) int {
		if all || left == 0 {
			return left
		}
		return r.r.IntN(left + 1)
	}
	for _, kind := range []bool{false, true} {
		events := r.events[kind][r.read[kind]:]
		events = events[:some(len(events))]
		r.read[kind] += len(events)
		for _, e := range events {
			if e.object == nil {
				delete(r.view, e.name)
			} else {
				r.view[e.name] = *e.object
			}
		}
	}
	versions := r.modelWorld.versions[r.versions:]
	versions = versions[:some(len(versions))]
	r.versions += len(versions)
	for _, shard := range versions {
		r.keeper.hosts.noteArrival(shard)
	}
}

// build builds a snapshot from what the caches hold, and returns the owner of each host that is served.
func (r *modelReplica) build() map[string]string {
	in := translate.Input{Now: r.now, Options: translate.Options{IngressClass: "warren"}}
	for _, o := range r.view {
		meta := metav1.ObjectMeta{Namespace: o.namespace, Name: o.name, CreationTimestamp: metav1.NewTime(o.created)}
		if o.standard {
			object := fixture.StandardIngress(o.namespace, o.name, o.host, "web")
			object.CreationTimestamp = meta.CreationTimestamp
			in.Objects = append(in.Objects, kinds.ReadStandard(object))
			continue
		}
		object := fixture.Ingress(o.namespace, o.name, o.host, "web")
		object.ObjectMeta = meta
		in.Objects = append(in.Objects, kinds.ReadWarren(object))
	}
	hosts := r.keeper.hosts
	hosts.building.Lock()
	defer hosts.building.Unlock()
	r.keeper.Settle(context.Background(), &in)
	select {
	case r.orphans = <-r.keeper.released.offered:
	default:
	}
	snapshot, _ := translate.Build(in)
	served := map[string]string{}
	for _, host := range snapshot.Hosts {
		for _, route := range host.Routes {
			owner, _, _ := strings.Cut(strings.TrimPrefix(route.Rule.Ingress, "networking.k8s.io/"), "/")
			if other, ok := served[host.Name]; ok && other != owner {
				r.fail("%s answers %s by %s and %s", r.name, host.Name, other, owner)
			}
			served[host.Name] = owner
		}
		claim := hosts.claims[host.Name]
		if claim == nil || claim.Namespace != host.Owner || served[host.Name] != "" && host.Owner != served[host.Name] || !claim.recorded && !r.down && hosts.notBefore.IsZero() {
			r.fail("%s answers %s by %s, and knows %+v", r.name, host.Name, served[host.Name], claim)
		}
	}
	return served
}

// release gives up what the latest build found.
func (r *modelReplica) release() { r.keeper.released.pass(context.Background(), r.orphans) }

// settled has the replicas learn everything, and returns what each of them serves then.
func settled(replicas []*modelReplica) []map[string]string {
	served := make([]map[string]string, len(replicas))
	for range 3 { // what one gives up, another may record
		for i, r := range replicas {
			r.learn(true)
			served[i] = r.build()
			r.release()
			r.learn(true)
			served[i] = r.build()
		}
	}
	return served
}

const modelHistories = 10_000

// A single process whose cache does not lag serves exactly the hosts of the owners that the test keeps track of.
func TestHostsAreOwnedAsTheModelSays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(modelHistories / 2) {
		w := newModelWorld(t, seed)
		owners, since := map[string]string{}, map[string]time.Time{}
		replicas := []*modelReplica{w.start("the replica")}
		for range 12 {
			switch n := w.r.IntN(20); {
			case n < 14:
				w.tenantActs()
			case n < 16:
				replicas[0] = w.start("the replica")
			case n < 17: // a backup is restored, and what it makes anew is younger
				replicas[0] = nil
				w.restore()
				replicas[0] = w.start("the replica")
			default:
				w.now = w.now.Add(time.Duration(w.r.IntN(12)) * time.Second)
			}
			for _, host := range modelHosts {
				if owner := owners[host]; owner != "" && !w.names(owner, host) {
					if _, ok := since[host]; !ok {
						since[host] = w.now
					}
					if w.now.Sub(since[host]) >= w.grace {
						owners[host] = ""
					}
				}
				if owner := owners[host]; owner == "" {
					owners[host] = w.oldest(host)
					delete(since, host)
				} else if w.names(owner, host) {
					delete(since, host)
				}
			}
			served := settled(replicas)[0]
			for _, host := range modelHosts {
				want := ""
				if owner := owners[host]; owner != "" && w.names(owner, host) {
					want = owner
				}
				if served[host] != want {
					w.fail("%s is answered by %q, want %q", host, served[host], want)
				}
			}
			if w.failed {
				return
			}
		}
	}
}

// restore deletes all objects and makes them anew, in any order.
func (w *modelWorld) restore() {
	old := slices.Collect(maps.Values(maps.Clone(w.objects)))
	slices.SortFunc(old, func(a, b modelObject) int { return cmp.Compare(a.name, b.name) })
	w.r.Shuffle(len(old), func(i, j int) { old[i], old[j] = old[j], old[i] })
	saved := maps.Clone(w.lapsed)
	for _, object := range old {
		w.remove(object.name)
	}
	for _, object := range old {
		w.made++
		object.name, object.created = fmt.Sprintf("%s-%d", object.namespace, w.made), w.now
		w.put(object)
		w.now = w.now.Add(time.Second)
	}
	w.lapsed = saved // No replica was there to see it.
	w.lapse()
}

// The caches of these replicas lag, by kind and by random times. Yet the replicas take no recorded host from a
// namespace that names it, serve no host that they do not know to be recorded for its namespace, and agree in the end.
func TestReplicasThatLagTakeNoHost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(modelHistories / 2) {
		w := newModelWorld(t, modelHistories+seed)
		replicas := []*modelReplica{w.start("one"), w.start("two")}
		var busy bool
		w.meanwhile = func() {
			if !busy && w.r.IntN(2) == 0 {
				busy = true
				w.say("meanwhile")
				w.tenantActs()
				other := replicas[w.r.IntN(2)]
				other.learn(false)
				other.build()
				busy = false
			}
		}
		for range 30 {
			r := replicas[w.r.IntN(2)]
			switch n := w.r.IntN(30); {
			case n < 10:
				w.tenantActs()
			case n < 15:
				r.learn(false)
			case n < 21:
				w.say("%s builds", r.name)
				r.build()
			case n < 26:
				w.say("%s gives up", r.name)
				r.release()
			case n < 27:
				w.down = !w.down
				w.say("the API server is down: %v", w.down)
			case n < 28:
				i := w.r.IntN(2)
				w.down = false
				replicas[i] = w.start(replicas[i].name)
			case n < 29: // all of them end, perhaps for a version that records nothing
				w.down = false
				for range w.r.IntN(4) {
					w.tenantActs()
				}
				for i := range replicas {
					replicas[i] = w.start(replicas[i].name)
				}
			default:
				w.now = w.now.Add(time.Duration(w.r.IntN(12)) * time.Second)
			}
			if w.failed {
				return
			}
		}
		w.meanwhile, w.down = func() {}, false
		for range 2 { // in the first of which a claim is marked, whose grace then ends
			w.now = w.now.Add(time.Hour)
			settled(replicas)
		}
		for i, served := range settled(replicas) {
			for _, host := range modelHosts {
				want := ""
				if w.oldest(host) != "" {
					want = w.recordedOwners()[host]
				}
				if served[host] != want || want != "" && !w.names(want, host) {
					w.fail("%s answers %s by %q in the end, want %q", replicas[i].name, host, served[host], want)
				}
			}
		}
		if w.failed {
			return
		}
	}
}
