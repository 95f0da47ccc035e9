// SPDX-License-Identifier: Apache-2.0

// Package shown has what the page of a replica shows of its cluster. It reads what is in caches, and asks the API for
// the ledger of orders and for whole objects.
//
// Read in this order: shown.go (replicas and certificates), object.go (an object with a place in it).
package shown

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/ledger"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/dashboard/control"
)

// ledgerRest is how long the ledger is not read again, however many look at it. It is in no cache.
const ledgerRest = 5 * time.Second

// Cluster is what the page shows of a cluster. It is empty until a control plane attaches its own.
type Cluster struct {
	from atomic.Pointer[Sources]

	mu      sync.Mutex // guards what follows
	entries []control.Order
	failed  error
	read    time.Time
}

// Sources are where it is read from.
type Sources struct {
	// Cache has the TLSCertificates. API is the API itself.
	Cache, API client.Reader
	Replicas   *replicas.Replicas
	// Ledger is the namespace that has the ledger of orders. It is empty if nothing is ordered.
	Ledger string
}

// Attach has the page read from here.
func (c *Cluster) Attach(from Sources) { c.from.Store(&from) }

// Replicas implements control.Plane.
func (c *Cluster) Replicas() []control.Replica {
	from := c.from.Load()
	if from == nil {
		return nil
	}
	var list []control.Replica
	for _, s := range from.Replicas.Standings() {
		list = append(list, control.Replica{Name: s.Name, Node: s.Node, Address: s.Address.String(), Self: s.Self, Alike: s.Alike})
	}
	return list
}

// Orders implements control.Plane.
func (c *Cluster) Orders(ctx context.Context) (control.Orders, error) {
	orders := control.Orders{Certificates: []control.Certificate{}, Ledger: []control.Order{}}
	from := c.from.Load()
	if from == nil {
		return orders, nil
	}
	var list v1alpha1.TLSCertificateList
	if err := from.Cache.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return orders, fmt.Errorf("listing the TLSCertificates from the cache: %w", err)
	}
	for i := range list.Items {
		orders.Certificates = append(orders.Certificates, describe(&list.Items[i]))
	}
	slices.SortFunc(orders.Certificates, func(a, b control.Certificate) int { return strings.Compare(a.Name, b.Name) })
	if from.Ledger == "" {
		return orders, nil
	}
	var err error
	orders.Ledger, err = c.ledger(ctx, from)
	return orders, err
}

// ledger returns the orders of the last week, the newest first.
func (c *Cluster) ledger(ctx context.Context, from *Sources) ([]control.Order, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.read) > ledgerRest {
		entries, err := ledger.Read(ctx, from.API, from.Ledger)
		if ctx.Err() != nil {
			return nil, ctx.Err() // Another one may ask for longer.
		}
		c.read, c.failed, c.entries = now, err, make([]control.Order, 0, len(entries))
		for _, e := range entries {
			c.entries = append(c.entries, control.Order{Certificate: e.Certificate, Time: e.Time.UTC(), Failed: e.Failed, Renewal: e.Renewal})
		}
		slices.Reverse(c.entries)
	}
	return c.entries, c.failed
}

// describe returns what a TLSCertificate's status says.
func describe(t *v1alpha1.TLSCertificate) control.Certificate {
	s := &t.Status
	d := control.Certificate{
		Name: t.Namespace + "/" + t.Name, Secret: t.Namespace + "/" + string(t.Spec.SecretName), Issuer: s.Issuer, Failures: int(s.Failures),
		NotBefore: timeOf(s.NotBefore), NotAfter: timeOf(s.NotAfter), Renewal: timeOf(s.RenewalTime), NextAttempt: timeOf(s.NextAttemptTime),
		LastFailure: timeOf(s.LastFailureTime),
	}
	for _, host := range t.Spec.Hosts {
		d.Hosts = append(d.Hosts, string(host))
	}
	if ready := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady); ready != nil {
		d.Ready, d.Reason, d.Message = ready.Status == metav1.ConditionTrue, ready.Reason, ready.Message
	}
	issuing := cmp.Or(meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionIssuing), &metav1.Condition{Status: metav1.ConditionFalse})
	d.Issuing, d.Progress = issuing.Reason, issuing.Message
	d.Step = stepOf(issuing, d.NotAfter.IsZero())
	return d
}

// stepOf returns how far an order is, by the condition Issuing. bare is set if there is no certificate.
func stepOf(issuing *metav1.Condition, bare bool) control.Step {
	switch issuing.Reason {
	case v1alpha1.ReasonOrdering:
		return control.Ordering
	case v1alpha1.ReasonChallengePending:
		return control.Proving
	case v1alpha1.ReasonFinalizing:
		return control.Finalizing
	case v1alpha1.ReasonUpToDate:
		if !bare {
			return control.Issued
		}
	case v1alpha1.ReasonNotRenewed, v1alpha1.ReasonOrderingOff, v1alpha1.ReasonOrderedElsewhere:
		return control.Off
	}
	return control.Waiting
}

func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
