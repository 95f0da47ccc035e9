// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// announceInterval is the least time between two writes of a Lease because of what the replica serves.
	announceInterval = 500 * time.Millisecond
	// withdrawTimeout bounds the deletion of the Lease when the process ends.
	withdrawTimeout = 2 * time.Second
)

// announcer keeps this replica's Lease from the first snapshot that is served until the process ends. Every replica has
// an announcer.
type announcer struct {
	client client.Client
	// reader asks the API server, not a cache.
	reader   client.Reader
	replicas *Replicas
	self     Replica
	pod      types.UID
	// standing returns how the controller stands among several, without since. That is when election was made, the Lease
	// by which the replicas elect their leader. election has no name if they elect none.
	standing func() standing
	election client.ObjectKey
	// draining is closed when the process begins to end.
	draining <-chan struct{}
	// ports may be nil.
	ports Ports
	// changed holds a token once there is something new to announce.
	changed chan struct{}

	// told is the standing as of the latest call of serves. Only serves uses it.
	told standing

	// Only Start uses the fields from here on. written is the Lease as it was last written or read, nil if there is none.
	written *coordinationv1.Lease
	renewed time.Time
	since   int64
}

// serves notes which Ingresses the data plane does not serve any more as it did, and which it serves now, each by its
// UID and generation. Only one goroutine calls it.
func (a *announcer) serves(before, now iter.Seq2[types.UID, int64]) {
	was, standing := a.replicas.serving.Load(), a.standing()
	serving := was.changed(before, now)
	a.replicas.serving.Store(serving)
	if was != nil && *was == *serving && a.told == standing {
		return
	}
	a.told = standing
	a.change()
}

// change notes that there is something new to announce. It does not wait.
func (a *announcer) change() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// NeedLeaderElection is false: every replica has its own Lease.
func (a *announcer) NeedLeaderElection() bool { return false }

// Start keeps the Lease until ctx is done. It deletes the Lease only if the process ends: a control plane that ends
// alone is started again, and the data plane goes on serving meanwhile.
func (a *announcer) Start(ctx context.Context) error {
	if err := a.replicas.watch(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-a.changed:
	}
	a.self.ready = true
	if a.ports != nil {
		defer a.ports.ObserveListeners(func(netip.AddrPort) { a.change() })()
	}
	renew := time.NewTicker(replicaRenewal)
	defer renew.Stop()
	later := time.NewTimer(0)
	defer later.Stop()
	draining := a.draining
	a.renewed = time.Now()
	for written := a.renewed; ; {
		select {
		case <-ctx.Done():
			return a.withdraw(ctx)
		case <-draining:
			draining, a.self.ready = nil, false
		case a.renewed = <-renew.C:
		case <-a.changed:
			later.Reset(time.Until(written.Add(announceInterval)))
			continue
		case <-later.C:
		}
		if err := a.announce(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "the other replicas do not know this one as it is", "lease", a.self.leaseName())
		}
		written = time.Now()
	}
}

// announce writes the Lease. It overwrites what anybody else wrote, a former process of the same name perhaps.
func (a *announcer) announce(ctx context.Context) error {
	// If the process ends during this, it still waits for the answer: otherwise it would not withdraw a Lease that was
	// made and whose answer was lost.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replicaRenewal)
	defer cancel()
	a.self.serves = a.replicas.serving.Load().encode()
	if a.ports != nil {
		a.self.closed = encodeClosed(a.ports.ListenFaults())
	}
	standing := a.standing()
	standing.since = a.installed(ctx)
	const attempts = 3
	var err error
	for range attempts {
		lease := leaseOf(&a.self, &standing, a.pod, a.renewed)
		if a.written == nil {
			err = a.client.Create(ctx, lease)
		} else {
			// Without a UID, an update of a Lease that is gone would create it. An update that was given up and arrives late,
			// after the Lease was withdrawn, would do so. With a UID it is refused.
			lease.UID, lease.ResourceVersion = a.written.UID, a.written.ResourceVersion
			err = a.client.Update(ctx, lease)
		}
		switch {
		case err == nil:
			a.written = lease
			return nil
		case apierrors.IsNotFound(err):
			a.written = nil
		case apierrors.IsAlreadyExists(err), apierrors.IsConflict(err):
			a.written = new(coordinationv1.Lease)
			key := client.ObjectKeyFromObject(lease)
			if err := a.reader.Get(ctx, key, a.written); err != nil {
				a.written = nil
				if !apierrors.IsNotFound(err) {
					return fmt.Errorf("reading the Lease that is there: %w", err)
				}
			}
		default:
			return fmt.Errorf("writing the Lease: %w", err)
		}
	}
	return fmt.Errorf("writing the Lease, which others write too: %w", err)
}

// installed returns since when the controller is installed, in Unix seconds, 0 if that is not known yet. The Lease of
// the election tells: it is made when the controller first runs, and deleted when the controller is uninstalled.
func (a *announcer) installed(ctx context.Context) int64 {
	switch {
	case a.since != 0:
	case a.election.Name == "":
		if a.written != nil && !a.written.CreationTimestamp.IsZero() {
			a.since = a.written.CreationTimestamp.Unix()
		}
	default:
		var lease coordinationv1.Lease
		if err := a.reader.Get(ctx, a.election, &lease); err == nil {
			a.since = lease.CreationTimestamp.Unix()
		} else if !apierrors.IsNotFound(err) {
			log.FromContext(ctx).Error(err, "other controllers do not know since when this one is there", "lease", a.election)
		}
	}
	return a.since
}

// withdraw deletes the Lease if the process ends. If that fails it returns no error, because the Lease expires.
func (a *announcer) withdraw(ctx context.Context) error {
	select {
	case <-a.draining:
	default:
		return nil
	}
	if a.written == nil {
		return nil
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTimeout)
	defer cancel()
	err := a.client.Delete(within, a.written, client.Preconditions{UID: &a.written.UID})
	if client.IgnoreNotFound(err) != nil {
		log.FromContext(ctx).Info("the Lease stays until it expires", "lease", a.written.Name, "cause", err.Error())
	}
	return nil
}
