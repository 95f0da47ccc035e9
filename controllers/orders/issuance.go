// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/ledger"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/sources"
)

const (
	// attemptLimit is after how long an order is given up that does not end. attemptShortest is the least that this time
	// is cut to for short-lived certificates.
	attemptLimit    = 24 * time.Hour
	attemptShortest = time.Minute
	// AtOnce is the pause between a step that was taken and the next one.
	AtOnce = time.Millisecond
)

// Issuance takes the steps of orders.
type Issuance struct {
	Authority Authority
	accounts  *accountStore
	Ledger    *ledger.Store
	Orders    *Store
	client    client.Client
	solvers   solvers
	Now       func() time.Time
	Directory string
	// email is the contact of the account, and accountPerEmail lets a TLSCertificate name another.
	email           string
	accountPerEmail bool
	// claiming is locked while an order looks at the orders of others and then writes that it is about to be placed.
	claiming sync.Mutex
	metrics  *Metrics
}

// Config is what orders are placed by.
type Config struct {
	ACMEOptions
	// Namespace is the controller's own. Everything that has to be remembered of orders is kept there.
	Namespace string
	// Class is the controller's ingress class.
	Class string
	// Owner owns the objects that are kept there. Nil makes objects without an owner.
	Owner *metav1.OwnerReference
	// Working is the cache of the working Secrets.
	Working *WorkingSecrets
	// Ready returns the replicas that answer challenges. Self is this replica, for the time before its Lease is written.
	Ready func() []replicas.Replica
	Self  replicas.Replica
	// Metrics counts the orders that end. Nil counts nothing.
	Metrics *Metrics
}

// New puts together what takes the steps of orders.
func New(mgr ctrl.Manager, config *Config) *Issuance {
	c, reader := mgr.GetClient(), mgr.GetAPIReader()
	presence := newPresence(config.Ready, config.Self, config.HTTPPort, config.TrustedProxy)
	return &Issuance{
		Authority: config.Client, client: c, Now: time.Now, Directory: config.Directory, email: config.Email, accountPerEmail: config.AccountPerEmail, metrics: config.Metrics,
		accounts: &accountStore{reader: reader, client: c, authority: config.Client, namespace: config.Namespace,
			directory: config.Directory, external: config.ExternalAccount, class: config.Class, owner: config.Owner, email: config.Email},
		Ledger: ledger.NewStore(mgr, config.Namespace, config.Owner, ledger.LimitsAt(config.Directory, config.OrdersPerDay)),
		Orders: &Store{reader: reader, client: c, Cache: config.Working, namespace: config.Namespace,
			class: config.Class, owner: config.Owner},
		solvers: newSolvers(&replicasSolver{presence: presence, now: time.Now}),
	}
}

// Job is one pass over one order.
type Job struct {
	*Issuance
	certificate *v1alpha1.TLSCertificate
	working     *Working
	secret      *corev1.Secret
	// leaf is the certificate that the Secret holds, nil if there is none. from says who ordered it.
	leaf *x509.Certificate
	from certificates.Origin
	// renewal is true if only its age makes the certificate due.
	renewal bool
	// account is the one that this pass speaks to the authority for.
	account acme.Account
}

// Pass begins a pass over the order of a certificate. The caller has just read the working Secret and the certificate's
// Secret from the API server. Renewal says that only its age makes the certificate due.
func (i *Issuance) Pass(certificate *v1alpha1.TLSCertificate, working *Working, secret *corev1.Secret, renewal bool) *Job {
	leaf := sources.Leaf(secret)
	return &Job{Issuance: i, certificate: certificate, working: working, secret: secret, leaf: leaf, from: certificates.OriginOf(secret, leaf),
		renewal: renewal}
}

// Advance takes the next step of the order and persists what came of it. If the authority's answer ends the attempt or
// puts it off, Advance persists that too. It returns when to take the step after this one. After an error the caller
// tries the same step again.
func (j *Job) Advance(ctx context.Context) (time.Duration, error) {
	if j.attempt() == nil {
		return j.take(ctx)
	}
	if _, err := j.solver(); err != nil {
		return 0, err
	}
	earlier := j.attempt().Pause
	j.attempt().Pause = nil // The step persists that, if it is taken.
	after, err := j.inTime(ctx, earlier)
	if err == nil {
		return after, nil
	}
	failed, ok := errors.AsType[*acme.Error](err)
	switch {
	case !ok || failed.Kind == acme.Transient && failed.RetryAfter == 0:
		return 0, err
	case failed.Kind == acme.Transient || failed.Kind == acme.RateLimited:
		next := earlier.again(j.Now(), failed.RetryAfter, j.Redact(failed.Error()))
		if next.Until.Before(j.attempt().Began.Add(attemptLimit)) {
			j.attempt().Pause = next
			return next.Until.Sub(j.Now()), j.persist(ctx)
		}
	}
	return j.giveUp(ctx, failed)
}

// inTime takes the next step, unless the attempt has taken too long.
func (j *Job) inTime(ctx context.Context, earlier *pause) (time.Duration, error) {
	a, limit := j.attempt(), attemptLimit
	if earlier == nil {
		limit = within(limit, a.Lifetime)
	}
	if j.Now().Sub(a.Began) > limit {
		return 0, &acme.Error{Step: "waiting for the authority", Kind: acme.Refused,
			Detail: "the order has not come to an end in time"}
	}
	return j.take(ctx)
}

// State is what is kept of the order.
func (j *Job) State() *State     { return j.working.State }
func (j *Job) attempt() *attempt { return j.working.State.Attempt }

// persist writes the state. If the attempt has ended, its solver cleans up first, so that this is one write. What the
// solver cannot clean up is written as closing: the next pass tries again, and returns the solver's error.
func (j *Job) persist(ctx context.Context) error {
	_ = j.close(ctx)
	return j.Orders.write(ctx, j.working, j.working.key())
}

// Redact replaces what an authority quotes of the challenges. An authority may put them into its error messages.
func (j *Job) Redact(text string) string {
	for _, a := range []*attempt{j.State().Attempt, j.State().Closing} {
		if a == nil {
			continue
		}
		for _, p := range a.Presented {
			text = strings.ReplaceAll(text, p.KeyAuthorization, "(the key authorization)")
			text = strings.ReplaceAll(text, p.Token, "(the token)")
		}
	}
	return text
}
