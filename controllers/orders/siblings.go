// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/sources"
)

// Several TLSCertificates of a namespace may be for the same hosts: two Ingresses with autoSSL share a host, or one
// certificate is wanted in two Secrets. Two orders for the same names at once would be one to an authority that hands
// out the open order again (RFC 8555, section 7.4, lets it), and two where its limits are counted.
const (
	// siblingPause is between two looks at an order that is waited for.
	siblingPause = time.Second
	// siblingLimit is how long one is waited for: it may be nobody's any more.
	siblingLimit = time.Hour
)

// share spares the order where another TLSCertificate has, or will have, a certificate that does. It returns when to go
// on; 0 is with the order.
func (j *Job) share(ctx context.Context) (time.Duration, error) {
	// Orders are read before certificates: an order that ends in between has left its certificate.
	ordered, err := j.Orders.ofNamespace(ctx, j.certificate.Namespace)
	if err != nil {
		return 0, err
	}
	pair, err := j.siblingsCertificate(ctx)
	if err != nil {
		return 0, err
	}
	if pair != nil {
		from := certificates.OriginOf(pair, sources.Leaf(pair))
		err := certificates.Write(ctx, j.client, j.secret, j.certificate, from,
			pair.Data[corev1.TLSCertKey], pair.Data[corev1.TLSPrivateKeyKey])
		if err != nil {
			return 0, err
		}
		j.State().Succeed()
		return AtOnce, j.persist(ctx)
	}
	if j.Now().Sub(j.attempt().Began) > within(siblingLimit, j.attempt().Lifetime) {
		return 0, nil
	}
	if slices.ContainsFunc(ordered, func(w *Working) bool { return w.Object.Name != j.working.Object.Name && goesFirst(w, j.working) }) {
		return siblingPause, nil
	}
	return 0, nil
}

// goesFirst says whether another attempt for the same hosts is to end before one is placed.
func goesFirst(other, own *Working) bool {
	theirs, ours := other.State.Attempt, own.State.Attempt
	switch {
	case theirs == nil || !slices.Equal(theirs.Hosts, ours.Hosts):
		return false
	case theirs.Placing || !theirs.Began.Equal(ours.Began):
		return theirs.Placing || theirs.Began.Before(ours.Began)
	}
	return other.Object.Name < own.Object.Name
}

// siblingsCertificate returns the Secret of another TLSCertificate with a certificate that would be ordered alike and
// that is newer than the one that is replaced, nil if there is none.
func (j *Job) siblingsCertificate(ctx context.Context) (*corev1.Secret, error) {
	var list v1alpha1.TLSCertificateList
	if err := j.client.List(ctx, &list, client.InNamespace(j.certificate.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the TLSCertificates: %w", err)
	}
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID == j.certificate.UID || !orderedAlike(&other.Spec, &j.certificate.Spec) {
			continue
		}
		secret, err := certificates.SecretOf(ctx, j.Orders.reader, other)
		if err != nil {
			return nil, err
		}
		if secret != nil && j.serves(secret, other) {
			return secret, nil
		}
	}
	return nil, nil
}

// serves says whether the certificate in another's Secret is one that need not be ordered.
func (j *Job) serves(secret *corev1.Secret, other *v1alpha1.TLSCertificate) bool {
	leaf := sources.Leaf(secret)
	from := certificates.OriginOf(secret, leaf)
	if certificates.Foreign(secret, other) != "" || from.Directory != j.Directory || sources.ParseSecret(secret).Fault != "" {
		return false
	}
	if j.from.Directory == j.Directory && !leaf.NotBefore.After(j.leaf.NotBefore) {
		return false
	}
	in := certificates.DueInput{Now: j.Now(), Hosts: j.attempt().Hosts, KeyType: certificates.KeyTypeWanted(&j.certificate.Spec), Directory: j.Directory, MadeBy: j.Directory,
		Found: true, Leaf: leaf, Renewal: certificates.RenewalTime(leaf, from.IssuedAt, nil)}
	why, _ := certificates.Due(&in)
	return why == ""
}

// orderedAlike says whether the same is ordered for two TLSCertificates.
func orderedAlike(a, b *v1alpha1.TLSCertificateSpec) bool {
	renewed := func(s *v1alpha1.TLSCertificateSpec) bool { return s.AutoRenew == nil || *s.AutoRenew }
	return renewed(a) && renewed(b) && slices.Equal(certificates.HostsOf(a), certificates.HostsOf(b)) && certificates.KeyTypeWanted(a) == certificates.KeyTypeWanted(b) &&
		a.Profile == b.Profile && a.PreferredChain == b.PreferredChain
}
