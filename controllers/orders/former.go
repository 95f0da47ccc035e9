// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/ledger"
)

// Earlier versions kept the working Secret of an order beside its TLSCertificate. This version goes on with such an
// order, so that an upgrade costs none. But everybody who may write Secrets of that namespace may have written the
// Secret. This version believes only what the ledger and the authority confirm.
const formerOrderSuffix = "-acme-order"

// formerOrder is a working Secret beside its TLSCertificate, and what it says.
type formerOrder struct {
	object *corev1.Secret
	state  struct {
		// Controller is the controller that placed the order, as "namespace/class".
		Controller string `json:"controller"`
		Attempt    *struct {
			ID     string `json:"id"`
			Method string `json:"method"`
			Order  struct{ URL string }
		} `json:"attempt"`
	}
}

// formerOrderName returns the name that earlier versions gave to the working Secret of a TLSCertificate.
func formerOrderName(certificate string) string {
	const limit = 253
	if len(certificate)+len(formerOrderSuffix) <= limit {
		return certificate + formerOrderSuffix
	}
	sum := ledger.NameSet([]string{certificate})
	return certificate[:limit-len(formerOrderSuffix)-len(sum)] + sum + formerOrderSuffix
}

// readFormerOrder reads the working Secret beside a TLSCertificate. It returns nil if there is none, or if the Secret
// belongs to something else.
func readFormerOrder(ctx context.Context, from client.Reader, certificate *v1alpha1.TLSCertificate) (*formerOrder, error) {
	former := &formerOrder{object: &corev1.Secret{}}
	key := client.ObjectKey{Namespace: certificate.Namespace, Name: formerOrderName(certificate.Name)}
	switch err := from.Get(ctx, key, former.object); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the former working Secret of the order: %w", err)
	case former.object.Type != orderSecretType || !metav1.IsControlledBy(former.object, certificate):
		return nil, nil
	}
	if json.Unmarshal(former.object.Data[orderStateField], &former.state) != nil {
		return nil, nil // An order that cannot be read is placed again.
	}
	return former, nil
}

// OrderedBefore looks for a working Secret beside a TLSCertificate. It returns the controller that ordered, as
// "namespace/class", and the name of the Secret. Both are empty if there is none.
func OrderedBefore(ctx context.Context, from client.Reader, certificate *v1alpha1.TLSCertificate) (by, secret string, err error) {
	former, err := readFormerOrder(ctx, from, certificate)
	if err != nil || former == nil {
		return "", "", err
	}
	return former.state.Controller, former.object.Name, nil
}

// takeOver has an attempt go on with an order that an earlier version placed. It returns true if it did, or if it has
// to be called again first.
func (j *Job) takeOver(ctx context.Context, a *attempt) (begun bool, err error) {
	former, err := readFormerOrder(ctx, j.Orders.reader, j.certificate)
	if err != nil || former == nil || former.state.Attempt == nil {
		return false, err
	}
	placed := former.state.Attempt
	entry, ok, err := j.Ledger.Placed(ctx, placed.ID, j.certificate.Namespace+"/"+j.certificate.Name, ledger.NamesAt(j.Directory, a.Hosts))
	if err != nil || !ok || j.Now().Sub(entry.Time) > attemptLimit {
		return false, err
	}
	account, ok, err := j.accounts.account(ctx, a.Email)
	if err != nil || !ok {
		return true, err
	}
	order, ok, err := j.confirm(ctx, account, a.Hosts, placed.Order.URL)
	if err != nil || !ok {
		return false, err
	}
	key, err := j.pendingKey(ctx, account, order, former.object.Data[corev1.TLSPrivateKeyKey])
	if err != nil || key == nil {
		return false, err
	}
	if placed.Method == acme.ChallengeHTTP01 || placed.Method == acme.ChallengeTLSALPN01 {
		a.Method = placed.Method
	}
	a.ID, a.Began, a.Tried, a.Entered, a.Placing, a.Order = entry.ID, entry.Time, true, true, true, order
	j.State().Attempt = a
	if err := j.Orders.write(ctx, j.working, key); err != nil {
		return false, err
	}
	return true, j.retire(ctx, former)
}

// confirm asks the authority for the order at a URL, or looks for the order if the URL is empty. It returns false if
// the authority has none for exactly these hosts, or if another TLSCertificate has that order.
func (j *Job) confirm(ctx context.Context, account acme.Account, hosts []string, orderURL string) (order acme.Order, ok bool, err error) {
	others, err := j.Orders.others(ctx, j.working)
	if err != nil {
		return order, false, err
	}
	if orderURL == "" {
		order, ok, err = j.Authority.FindOrder(ctx, account, hosts, func(url string) bool { return others[url] })
	} else if ok = !others[orderURL] && sameServer(orderURL, j.Directory); ok {
		order, err = j.Authority.Order(ctx, account, orderURL)
	}
	if failed, answered := errors.AsType[*acme.Error](err); answered &&
		failed.Kind != acme.Transient && failed.Kind != acme.RateLimited {
		return order, false, nil
	}
	return order, ok && slices.Equal(slices.Sorted(slices.Values(order.Hosts)), hosts), err
}

// pendingKey returns the key for an order that is taken over. If the order is not finalized yet, that is a new key,
// which nobody has seen in that namespace. If the order has led to a certificate, it is the former key. pendingKey
// returns nil if that is not the key of the certificate.
func (j *Job) pendingKey(ctx context.Context, account acme.Account, order acme.Order, formerKey []byte) ([]byte, error) {
	wanted := certificates.KeyTypeWanted(&j.certificate.Spec)
	switch order.Status {
	case acme.OrderPending, acme.OrderReady:
		return newPrivateKey(wanted)
	case acme.OrderProcessing:
		return nil, &acme.Error{Step: "looking at the order", Kind: acme.Transient, Detail: "the authority has not made the certificate yet"}
	}
	chain, err := j.Authority.Certificate(ctx, account, order, j.certificate.Spec.PreferredChain)
	if err != nil {
		return nil, err
	}
	if _, err := tls.X509KeyPair(chain, formerKey); err != nil || pendingKeyType(formerKey) != wanted {
		return nil, nil // A certificate for a key of another type would be due again at once.
	}
	return formerKey, nil
}

// sameServer says whether two URLs lead to the same server. A request that the account's key signs goes to no other.
func sameServer(a, b string) bool {
	one, err := url.Parse(a)
	other, otherErr := url.Parse(b)
	return err == nil && otherErr == nil && one.Scheme == other.Scheme && one.Host == other.Host
}

// retire empties a working Secret beside its TLSCertificate. The controller's namespace has its content from now on.
// Kubernetes deletes the Secret together with the TLSCertificate.
func (j *Job) retire(ctx context.Context, former *formerOrder) error {
	former.object.Data = nil
	if err := j.client.Update(ctx, former.object); err != nil {
		return fmt.Errorf("emptying the former working Secret of the order: %w", err)
	}
	return nil
}
