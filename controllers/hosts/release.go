// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"context"
	"errors"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/controllers/translate"
)

const (
	// unreadableGrace is how long a claim is kept at least if its namespace may have Ingresses that cannot be read.
	// Somebody who takes the right to read them away by mistake has this long to give it back.
	unreadableGrace = 10 * time.Minute

	// releaseTimeout bounds one pass over the claims that are to be given up.
	releaseTimeout = 30 * time.Second
	// The pause after a pass is releaseRest times as long as the pass took, and at most releaseRestLimit. Listing all
	// Ingresses of a namespace keeps an API server busy if they are many.
	releaseRest      = 4
	releaseRestLimit = 5 * time.Second
	// releaseRetry is the least time before another look at claims that could not be given up.
	releaseRetry = time.Second
)

// claimReleaser gives up claims whose namespaces have no rule for the host any more. It also gives up, without any
// grace, claims of hosts that a namespace may not have. A cache may lag, and caches of two kinds may lag by different
// times, so it asks the API server before it takes anything away.
type claimReleaser struct {
	hosts *Hosts
	store claimStore
	scope string
	grace time.Duration
	now   func() time.Time
	// changed asks for a build.
	changed func()
	// offered holds what the latest build found, until it is taken.
	offered chan offer
}

// offer is what a build found: the claims that may be given up, and the input that decides which Ingresses keep them.
type offer struct {
	orphans []orphan
	by      translate.Input
}

func newClaimReleaser(hosts *Hosts, store claimStore, scope string, grace time.Duration, now func() time.Time, changed func()) *claimReleaser {
	return &claimReleaser{hosts: hosts, store: store, scope: scope, grace: grace, now: now, changed: changed, offered: make(chan offer, 1)}
}

// offer hands over what may be given up, and replaces what was handed over before. Only the goroutine that builds calls
// it.
func (r *claimReleaser) offer(o offer) {
	select {
	case <-r.offered:
	default:
	}
	r.offered <- o
}

// run gives up claims until ctx is done.
func (r *claimReleaser) run(ctx context.Context) {
	var latest offer
	due := time.NewTimer(0)
	defer due.Stop()
	if !due.Stop() {
		<-due.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case latest = <-r.offered:
		case <-due.C:
		}
		due.Stop()
		if len(latest.orphans) == 0 {
			continue
		}
		began := time.Now()
		again := r.pass(ctx, latest)
		rest := time.NewTimer(min(releaseRest*time.Since(began), releaseRestLimit))
		select {
		case <-ctx.Done():
			rest.Stop()
			return
		case <-rest.C:
		}
		if again > 0 {
			due.Reset(again)
		}
	}
}

// pass gives up what is due. It returns when to look at the same claims again, 0 for not before others are offered.
func (r *claimReleaser) pass(ctx context.Context, latest offer) (again time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	sooner := func(wait time.Duration) {
		if again == 0 || wait < again {
			again = wait
		}
	}
	byNamespace := make(map[string][]orphan)
	for _, o := range latest.orphans {
		if left := o.released.Add(r.grace).Sub(r.now()); !o.forbidden && !o.released.IsZero() && left > 0 {
			sooner(left + time.Millisecond)
			continue
		}
		byNamespace[o.namespace] = append(byNamespace[o.namespace], o)
	}
	for namespace, orphans := range byNamespace {
		// Take the shards as they were before the API server is asked: then a claim that is written meanwhile makes the write
		// fail, and is not overwritten.
		known := make(map[string]*claimShard)
		for _, o := range orphans {
			name := claimShardName(r.scope, o.host)
			known[name] = r.hosts.known(name)
		}
		by, err := r.store.allowed(ctx, namespace, latest.by)
		var named map[string]bool
		var complete bool
		if err == nil {
			named, complete, err = r.store.named(ctx, namespace, by)
		}
		if err != nil {
			log.FromContext(ctx).Error(err, "hosts stay with a namespace that may have no rule for them any more", "namespace", namespace)
			sooner(releaseRetry)
			continue
		}
		grace := r.grace
		if !complete {
			grace = max(grace, unreadableGrace)
			sooner(unreadableGrace)
		}
		forbidden := translate.Forbidden(&by)
		given := make(map[string][]orphan)
		for _, o := range orphans {
			thought := o.forbidden
			o.forbidden = forbidden(namespace, o.host)
			if thought != o.forbidden || named[o.host] {
				sooner(releaseRetry) // The cache has yet to learn of the change.
			}
			if named[o.host] {
				continue
			}
			name := claimShardName(r.scope, o.host)
			given[name] = append(given[name], o)
		}
		for name, orphans := range given {
			if err := r.give(ctx, known[name], orphans, grace); err != nil {
				log.FromContext(ctx).Error(err, "hosts stay with a namespace that has no rule for them any more", "namespace", namespace)
				sooner(releaseRetry)
			}
		}
	}
	return again
}

// give gives up claims of one shard. If somebody else has written the shard, the next build finds what is left to give
// up.
func (r *claimReleaser) give(ctx context.Context, shard *claimShard, orphans []orphan, grace time.Duration) error {
	next, changed := shard.without(orphans, grace, r.now())
	if !changed {
		return nil
	}
	written, err := r.store.write(ctx, next)
	if errors.Is(err, errLostRace) {
		written, err = r.store.read(ctx, shard.name)
	}
	if err != nil {
		return err
	}
	r.hosts.replace(written)
	r.changed()
	return nil
}
