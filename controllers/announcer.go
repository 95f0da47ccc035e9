// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// announceInterval is the least time between two writes of a Lease for the sake of what the replica serves.
	announceInterval = 500 * time.Millisecond
	// withdrawTimeout bounds the deletion of the Lease, which ends the process.
	withdrawTimeout = 2 * time.Second
)

// announcer keeps this replica's Lease: from the first snapshot that is served, until the process ends. Every replica has
// one.
type announcer struct {
	client client.Client
	// reader asks the API server itself.
	reader           client.Reader
	replicas         *Replicas
	self             Replica
	namespace, class string
	pod              types.UID
	// draining is closed when the process begins to end.
	draining <-chan struct{}
	// changed holds a token once something else is served.
	changed chan struct{}

	// What follows belongs to Start. written is the Lease as it was last written or read, nil if there is none.
	written *coordinationv1.Lease
	renewed time.Time
}

// serves notes what the data plane serves now.
func (a *announcer) serves(serving map[objectKey]*verdict) {
	now := digest(serving)
	if before := a.replicas.serving.Swap(now); before != nil && *before == *now {
		return
	}
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// NeedLeaderElection is false: every replica has a Lease of its own.
func (a *announcer) NeedLeaderElection() bool { return false }

// Start keeps the Lease until ctx is done. It deletes it only if the process ends: a control plane that ends alone is started
// again, and the data plane serves meanwhile.
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

// announce writes the Lease. Whoever else wrote it, a former process of the same name perhaps, is overruled.
func (a *announcer) announce(ctx context.Context) error {
	// An end in the middle of this waits for the answer: a Lease that was made and not heard of would not be withdrawn.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replicaRenewal)
	defer cancel()
	a.self.serves = a.replicas.serving.Load().encode()
	const attempts = 3
	var err error
	for range attempts {
		lease := leaseOf(&a.self, a.namespace, a.class, a.pod, a.renewed)
		if a.written == nil {
			err = a.client.Create(ctx, lease)
		} else {
			// An update of a Lease that is gone would make it anew: one that was given up, and comes late, after the Lease was
			// withdrawn. With a UID it is refused.
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
			key := client.ObjectKey{Namespace: a.namespace, Name: lease.Name}
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

// withdraw deletes the Lease if the process ends. That it cannot be deleted is no failure: it expires.
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
