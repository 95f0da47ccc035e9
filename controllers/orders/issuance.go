// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
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

// Authority is a certificate authority that speaks ACME. It takes one step a call.
type Authority interface {
	Register(ctx context.Context, key crypto.Signer, email string, external *acme.ExternalAccount) (url string, err error)
	FindAccount(ctx context.Context, key crypto.Signer) (url string, closed bool, err error)
	NewOrder(ctx context.Context, account acme.Account, request acme.OrderRequest) (acme.Order, error)
	FindOrder(ctx context.Context, account acme.Account, hosts []string, skip func(url string) bool) (order acme.Order, ok bool, err error)
	Order(ctx context.Context, account acme.Account, url string) (acme.Order, error)
	Authorization(ctx context.Context, account acme.Account, url string) (acme.Authorization, error)
	Accept(ctx context.Context, account acme.Account, challenge acme.Challenge) error
	Finalize(ctx context.Context, account acme.Account, order acme.Order, request []byte) (acme.Order, error)
	Certificate(ctx context.Context, account acme.Account, order acme.Order, preferred string) (chain []byte, err error)
	RenewalInfo(ctx context.Context, leaf *x509.Certificate) (acme.Window, error)
}

const (
	// presenceLimit is how long replicas are waited for that do not answer a challenge: one may be cut off, and the
	// authority asks only one of them.
	presenceLimit = 10 * time.Second
	// PresencePause is how long is waited between two looks at them.
	PresencePause = 100 * time.Millisecond
	// trialFailures is how many times in a row the trial may keep an order from being placed.
	trialFailures = 3
	// firstLook is how long after a step the authority is asked for the first time how far it is, and longestLook the
	// longest time between two such questions, whatever it says.
	firstLook   = 500 * time.Millisecond
	longestLook = time.Minute
	// attemptLimit is when an order that does not end is given up, and attemptShortest when that is for the
	// shortest-lived certificates.
	attemptLimit    = 24 * time.Hour
	attemptShortest = time.Minute
	// AtOnce is when the next step is taken after one that was.
	AtOnce = time.Millisecond
)

// Issuance takes the steps of orders.
type Issuance struct {
	Authority Authority
	accounts  *accountStore
	Ledger    *ledger.Store
	Orders    *Store
	client    client.Client
	presence  *presence
	Now       func() time.Time
	Directory string
	email     string
	// claiming is held from the look at the orders of others until it is written that one's own is about to be placed.
	claiming sync.Mutex
	metrics  *Metrics
}

// Config is what orders are placed by.
type Config struct {
	ACMEOptions
	// Namespace is the controller's own, where all is kept that is to be remembered of orders, and Class its ingress
	// class.
	Namespace, Class string
	// Owner is what is kept there belongs to, nil for nothing.
	Owner *metav1.OwnerReference
	// Working are the working Secrets that there are.
	Working *WorkingSecrets
	// Ready returns the replicas that answer challenges. Self is this one, for the time before its Lease is written.
	Ready func() []replicas.Replica
	Self  replicas.Replica
	// Metrics counts the orders that end. Nil counts nothing.
	Metrics *Metrics
}

// New puts together what takes the steps of orders.
func New(mgr ctrl.Manager, config *Config) *Issuance {
	c, reader := mgr.GetClient(), mgr.GetAPIReader()
	return &Issuance{
		Authority: config.Client, client: c, Now: time.Now, Directory: config.Directory, email: config.Email, metrics: config.Metrics,
		accounts: &accountStore{reader: reader, client: c, authority: config.Client, namespace: config.Namespace,
			directory: config.Directory, external: config.ExternalAccount, owner: config.Owner},
		Ledger: ledger.NewStore(mgr, config.Namespace, config.Owner, ledger.LimitsAt(config.Directory, config.OrdersPerDay)),
		Orders: &Store{reader: reader, client: c, Cache: config.Working, namespace: config.Namespace,
			class: config.Class, owner: config.Owner},
		presence: newPresence(config.Ready, config.Self, config.HTTPPort, config.TrustedProxy),
	}
}

// Job is one pass over one order.
type Job struct {
	*Issuance
	certificate *v1alpha1.TLSCertificate
	working     *Working
	secret      *corev1.Secret
	// leaf is the certificate that there is, nil if there is none, and from where it is from.
	leaf *x509.Certificate
	from certificates.Origin
	// renewal is whether that would do but for the time.
	renewal bool
	// account is the one that this pass has asked the authority by.
	account acme.Account
}

// Pass begins a pass over the order of a certificate, of which the working Secret and the certificate's were just read.
// Renewal is whether the certificate that there is would do but for the time.
func (i *Issuance) Pass(certificate *v1alpha1.TLSCertificate, working *Working, secret *corev1.Secret, renewal bool) *Job {
	leaf := sources.Leaf(secret)
	return &Job{Issuance: i, certificate: certificate, working: working, secret: secret, leaf: leaf, from: certificates.OriginOf(secret, leaf),
		renewal: renewal}
}

// Advance takes the next step of an attempt that is under way, persists it, and returns when to take the one after it.
// An error of the authority's that ends the attempt, or puts it off, is persisted like a step; any other has the step
// tried again.
func (j *Job) Advance(ctx context.Context) (time.Duration, error) {
	held := j.attempt().Hold
	j.attempt().Hold = nil // which a step that is taken persists
	after, err := j.inTime(ctx, held)
	if err == nil {
		return after, nil
	}
	failed, ok := errors.AsType[*acme.Error](err)
	switch {
	case !ok || failed.Kind == acme.Transient && failed.RetryAfter == 0:
		return 0, err
	case failed.Kind == acme.Transient || failed.Kind == acme.RateLimited:
		hold := held.again(j.Now(), failed.RetryAfter, j.Redact(failed.Error()))
		if hold.Until.Before(j.attempt().Began.Add(attemptLimit)) {
			j.attempt().Hold = hold
			return hold.Until.Sub(j.Now()), j.persist(ctx)
		}
	}
	return j.giveUp(ctx, failed)
}

// inTime takes the next step, unless the attempt has taken too long.
func (j *Job) inTime(ctx context.Context, held *hold) (time.Duration, error) {
	a, limit := j.attempt(), attemptLimit
	if held == nil {
		limit = within(limit, a.Lifetime)
	}
	if j.Now().Sub(a.Began) > limit {
		return 0, &acme.Error{Step: "waiting for the authority", Kind: acme.Refused,
			Detail: "the order has not come to an end in time"}
	}
	return j.step(ctx)
}

// giveUp ends the attempt, for the next one to wait, or to begin at once where the account was at fault.
func (j *Job) giveUp(ctx context.Context, failed *acme.Error) (time.Duration, error) {
	// A request that another key has signed is malformed.
	if failed.Kind == acme.AccountGone || failed.Kind == acme.NotAuthorized ||
		failed.Type == "malformed" && failed.Status != 0 {
		another, err := j.accounts.doubt(ctx, j.attempt().Email, j.account)
		if err != nil {
			return 0, err
		}
		if another {
			return j.beginAnew(ctx, failed)
		}
	}
	return j.fail(ctx, failed)
}

// beginAnew ends an attempt that another account than its own cannot go on with, for the next one to begin at once.
func (j *Job) beginAnew(ctx context.Context, why *acme.Error) (time.Duration, error) {
	if err := j.release(ctx); err != nil {
		return 0, err
	}
	if !j.State().restart() {
		return j.fail(ctx, why)
	}
	return AtOnce, j.persist(ctx)
}

// release has the ledger count the order as one that came to nothing, if it was placed.
func (j *Job) release(ctx context.Context) error {
	if !j.attempt().Placing {
		return nil
	}
	return j.Ledger.Fail(ctx, j.attempt().ID)
}

// fail ends the attempt, for the next one to wait.
func (j *Job) fail(ctx context.Context, failed *acme.Error) (time.Duration, error) {
	if err := j.release(ctx); err != nil {
		return 0, err
	}
	ordered := j.attempt().Order.URL != ""
	j.State().fail(j.Now(), v1alpha1.ReasonOrderFailed, j.Redact(failed.Error()), failed.RetryAfter)
	if err := j.persist(ctx); err != nil {
		return 0, err
	}
	if ordered {
		j.metrics.orderEnded(orderFailed)
	}
	return AtOnce, nil
}

// State is what is kept of the order.
func (j *Job) State() *State     { return j.working.State }
func (j *Job) attempt() *attempt { return j.working.State.Attempt }

func (j *Job) persist(ctx context.Context) error {
	return j.Orders.write(ctx, j.working, j.working.key())
}

// Redact takes out of an authority's words what it quotes of the challenges.
func (j *Job) Redact(text string) string {
	if j.attempt() == nil {
		return text
	}
	for _, p := range j.attempt().Presented {
		text = strings.ReplaceAll(text, p.KeyAuthorization, "(the key authorization)")
		text = strings.ReplaceAll(text, p.Token, "(the token)")
	}
	return text
}

func (j *Job) step(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	if !a.Tried {
		return j.try(ctx)
	}
	account, ok, err := j.accounts.account(ctx, a.Email)
	if err != nil || !ok {
		return AtOnce, err
	}
	j.account = account
	switch by := attemptAccount(account); {
	case a.Account == "":
		a.Account = by // That of an earlier version, or one that is about to be placed: the next write has it.
	case a.Account != by:
		return j.beginAnew(ctx, &acme.Error{Step: "going on with the order", Kind: acme.Refused,
			Detail: "its account has changed again and again"})
	}
	switch {
	case a.Order.URL == "":
		return j.place(ctx, account)
	case a.Order.Status == acme.OrderValid:
		return j.download(ctx, account)
	case a.Order.Status == acme.OrderReady:
		return j.finalize(ctx, account)
	case a.Order.Status == acme.OrderProcessing:
		return j.look(ctx, account)
	case !a.Authorized:
		return j.authorize(ctx, account)
	case !a.Visible:
		return j.see(ctx)
	}
	return j.prove(ctx, account)
}

// Begin decides upon an attempt. Its key and answers for a trial of the challenge path are written before anything
// else.
func (j *Job) Begin(ctx context.Context) error {
	a := &attempt{ID: newToken(), Began: j.Now(), Hosts: certificates.HostsOf(&j.certificate.Spec), Email: string(j.certificate.Spec.Email),
		Method: challengeMethod(&j.certificate.Spec, j.State().Failures), PresentedAt: j.Now(), Renewal: j.renewal}
	if a.Email == "" {
		a.Email = j.email
	}
	var err error
	if a.Lifetime, err = j.Ledger.Lifetime(ctx, ledger.NamesAt(j.Directory, a.Hosts)); err != nil {
		return err
	}
	if begun, err := j.takeOver(ctx, a); begun || err != nil {
		return err
	}
	key, err := newPrivateKey(certificates.KeyTypeWanted(&j.certificate.Spec))
	if err != nil {
		return err
	}
	for _, host := range a.Hosts {
		token := newToken()
		a.Presented = append(a.Presented, presented{Host: host, Type: acme.ChallengeHTTP01, Token: token, KeyAuthorization: token + ".trial"})
	}
	j.State().Attempt = a
	return j.Orders.write(ctx, j.working, key)
}

// try sees that the answers of the trial come through the data plane of the replicas. Where none answers no order is
// placed, unless that was so several times: a look from here may fail where one from outside would not.
func (j *Job) try(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	missing, of := j.presence.missing(ctx, a.Presented)
	switch {
	case len(missing) == 0:
	case j.Now().Sub(a.PresentedAt) < presenceLimit:
		return PresencePause, nil
	case len(missing) == of && j.State().Failures < trialFailures:
		j.State().fail(j.Now(), v1alpha1.ReasonChallengeUnreachable,
			"no replica answers a challenge through its own data plane ("+strings.Join(missing, ", ")+"), so no order is placed", 0)
		return AtOnce, j.persist(ctx)
	}
	a.Tried, a.Presented = true, nil
	return AtOnce, j.persist(ctx)
}

// place places the order. That it is about to be placed is written first: where the answer is lost, the order is looked
// for and not placed again.
func (j *Job) place(ctx context.Context, account acme.Account) (time.Duration, error) {
	a := j.attempt()
	if !a.Placing {
		if after, err := j.claim(ctx); err != nil || after > 0 {
			return after, err
		}
	} else {
		others, err := j.Orders.others(ctx, j.working)
		if err != nil {
			return 0, err
		}
		found, ok, err := j.Authority.FindOrder(ctx, account, a.Hosts, func(url string) bool { return others[url] })
		if err != nil {
			return 0, err
		}
		if ok {
			a.Order = found
			return AtOnce, j.persist(ctx)
		}
	}
	request := acme.OrderRequest{Hosts: a.Hosts, Profile: j.certificate.Spec.Profile}
	if !a.Alone {
		request.Replaces = certificates.Predecessor(j.leaf, j.from, j.Directory, certificates.AccountDigest(account), a.Hosts)
	}
	order, err := j.Authority.NewOrder(ctx, account, request)
	if failed, ok := errors.AsType[*acme.Error](err); ok {
		switch {
		case failed.Kind == acme.RateLimited:
			return j.giveUp(ctx, failed) // None was placed that could be kept.
		case request.Replaces != "" && failed.Status >= http.StatusBadRequest && failed.Kind != acme.AccountGone:
			a.Alone = true // It may be about what is replaced: the same order is placed once more without that.
			return AtOnce, j.persist(ctx)
		}
	}
	if err != nil {
		return 0, err
	}
	a.Order = order
	return AtOnce, j.persist(ctx)
}

// claim enters the order into the ledger and writes that it is about to be placed. It returns when to go on where it is
// not to be placed now.
func (j *Job) claim(ctx context.Context) (time.Duration, error) {
	j.claiming.Lock()
	defer j.claiming.Unlock()
	a := j.attempt()
	if after, err := j.share(ctx); err != nil || after > 0 {
		return after, err
	}
	at, why, err := j.Ledger.Reserve(ctx, j.entry(a.ID, a.Renewal))
	if err != nil {
		return 0, err
	}
	if !at.IsZero() {
		j.State().wait(at, v1alpha1.ReasonOrderLimit, why)
		return AtOnce, j.persist(ctx)
	}
	a.Placing = true
	return 0, j.persist(ctx)
}

// entry is what the ledger has of an order.
func (j *Job) entry(id string, renewal bool) ledger.Entry {
	names := ledger.NamesAt(j.Directory, certificates.HostsOf(&j.certificate.Spec))
	return ledger.Entry{ID: id, Names: names, Time: j.Now(), Renewal: renewal,
		Certificate: j.certificate.Namespace + "/" + j.certificate.Name}
}

// Waits says whether the next attempt is not due yet. One that waits for room in the ledger may be for another reason
// by now.
func (j *Job) Waits(ctx context.Context) (bool, error) {
	if !j.State().Waits(j.Now()) || j.State().Reason != v1alpha1.ReasonOrderLimit {
		return j.State().Waits(j.Now()), nil
	}
	room, err := j.Ledger.Room(ctx, j.entry("", j.renewal))
	return !room, err
}

// authorize has replicas hold ready what proves the names that are not proven yet.
func (j *Job) authorize(ctx context.Context, account acme.Account) (time.Duration, error) {
	a := j.attempt()
	var answers []presented
	for _, url := range a.Order.Authorizations {
		authorization, err := j.Authority.Authorization(ctx, account, url)
		if err != nil {
			return 0, err
		}
		if authorization.Valid {
			continue
		}
		i := slices.IndexFunc(authorization.Challenges, func(c acme.Challenge) bool { return c.Type == a.Method })
		if i < 0 {
			return 0, &acme.Error{Step: "choosing a challenge", Kind: acme.Refused, Detail: "the authority does not offer " + a.Method + " for " + authorization.Host}
		}
		c := authorization.Challenges[i]
		answers = append(answers, presented{Host: authorization.Host, Type: c.Type, Token: c.Token, KeyAuthorization: c.KeyAuthorization,
			URL: c.URL, Authorization: url, Accepted: c.Taken})
	}
	a.Presented, a.PresentedAt, a.Authorized, a.Visible = answers, j.Now(), true, len(answers) == 0
	return AtOnce, j.persist(ctx)
}

// see waits until every ready replica answers, or for a fixed time where it cannot be seen to.
func (j *Job) see(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	if missing, _ := j.presence.missing(ctx, a.Presented); len(missing) > 0 && j.Now().Sub(a.PresentedAt) < presenceLimit {
		return PresencePause, nil
	}
	a.Visible = true
	return AtOnce, j.persist(ctx)
}

// prove asks the authority to look at the next challenge, or how far it is with those that it was asked to look at.
func (j *Job) prove(ctx context.Context, account acme.Account) (time.Duration, error) {
	a := j.attempt()
	for i := range a.Presented {
		p := &a.Presented[i]
		if p.Accepted {
			continue
		}
		if err := j.accept(ctx, account, p); err != nil {
			return 0, err
		}
		p.Accepted, a.Looked = true, 0
		return AtOnce, j.persist(ctx)
	}
	wait, unproven := time.Duration(0), false
	if a.Looked > 0 {
		for i := range a.Presented {
			p := &a.Presented[i]
			if p.Proven {
				continue
			}
			authorization, err := j.Authority.Authorization(ctx, account, p.Authorization)
			if err != nil {
				return 0, err
			}
			p.Proven = authorization.Valid
			unproven, wait = unproven || !p.Proven, max(wait, authorization.RetryAfter)
		}
		if !unproven {
			return j.look(ctx, account)
		}
	}
	a.Looked++
	return nextLook(a.Looked, wait), j.persist(ctx)
}

// accept asks the authority to look at a challenge, unless one that has died since has done so.
func (j *Job) accept(ctx context.Context, account acme.Account, p *presented) error {
	err := j.Authority.Accept(ctx, account, p.challenge())
	if failed, ok := errors.AsType[*acme.Error](err); ok && failed.Type == "malformed" {
		if authorization, lookErr := j.Authority.Authorization(ctx, account, p.Authorization); lookErr != nil || authorization.Valid ||
			slices.ContainsFunc(authorization.Challenges, func(c acme.Challenge) bool { return c.URL == p.URL && c.Taken }) {
			return lookErr
		}
	}
	return err
}

// look asks how far the order is.
func (j *Job) look(ctx context.Context, account acme.Account) (time.Duration, error) {
	a := j.attempt()
	order, err := j.Authority.Order(ctx, account, a.Order.URL)
	if err != nil {
		return 0, err
	}
	moved := order.Status != a.Order.Status
	a.Order = order
	if moved {
		a.Looked = 0
		return AtOnce, j.persist(ctx)
	}
	a.Looked++
	return nextLook(a.Looked, order.RetryAfter), j.persist(ctx)
}

// nextLook returns when to ask the authority again after so many times: when it says, and otherwise less and less
// often.
func nextLook(looked int, retryAfter time.Duration) time.Duration {
	if retryAfter > 0 {
		return min(retryAfter, longestLook)
	}
	return min(firstLook<<min(looked-1, 10), longestLook)
}

func (j *Job) finalize(ctx context.Context, account acme.Account) (time.Duration, error) {
	a := j.attempt()
	request, err := certificateRequest(j.working.key(), a.Hosts)
	if err != nil {
		return 0, err
	}
	order, err := j.Authority.Finalize(ctx, account, a.Order, request)
	if failed, ok := errors.AsType[*acme.Error](err); ok && failed.Type == "orderNotReady" {
		// It has been finalized by one that has died since.
		order, err = j.Authority.Order(ctx, account, a.Order.URL)
	}
	if err != nil {
		return 0, err
	}
	a.Order, a.Looked, a.Presented = order, 0, nil
	return AtOnce, j.persist(ctx)
}

// download puts the certificate into its Secret, and then forgets the attempt.
func (j *Job) download(ctx context.Context, account acme.Account) (time.Duration, error) {
	chain, err := j.Authority.Certificate(ctx, account, j.attempt().Order, j.certificate.Spec.PreferredChain)
	if err != nil {
		return 0, err
	}
	if _, err := tls.X509KeyPair(chain, j.working.key()); err != nil {
		return 0, &acme.Error{Step: "downloading the certificate", Kind: acme.Refused, Detail: err.Error()}
	}
	from := certificates.Origin{Directory: j.Directory, Account: certificates.AccountDigest(account), IssuedAt: j.Now().Truncate(time.Second)}
	leaf := certificates.LeafIn(chain)
	if err := j.Ledger.Issued(ctx, j.attempt().ID, certificates.LifetimeCounted(leaf, from.IssuedAt)); err != nil {
		return 0, err
	}
	if err := certificates.Write(ctx, j.client, j.secret, j.certificate, from, chain, j.working.key()); err != nil {
		return 0, err
	}
	j.State().Succeed()
	if err := j.persist(ctx); err != nil {
		return 0, err
	}
	j.metrics.orderEnded(orderIssued)
	return AtOnce, nil
}

// newToken returns a name that nobody can guess, of 128 bits as RFC 8555, section 8.1, asks for.
func newToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // It never fails: the process ends instead.
	return base64.RawURLEncoding.EncodeToString(b)
}
