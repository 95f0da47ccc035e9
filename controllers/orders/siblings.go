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

// Several TLSCertificates of a namespace may be for the same hosts: two Ingresses with autoSSL share a host, or
// somebody wants one certificate in two Secrets. They must not order at the same time. An authority may answer the
// second order with the first one (RFC 8555, section 7.4), and may still count two against its limits.
const (
	// siblingPause is the pause between two looks at the order of another TLSCertificate.
	siblingPause = time.Second
	// siblingLimit is how long an order waits for that of another TLSCertificate. Nobody may be working on that any more.
	siblingLimit = time.Hour
)

// share spares the order if another TLSCertificate has a certificate that will do, or is about to get one. It returns 0
// if the order is to be placed, or else when to look again.
func (j *Job) share(ctx context.Context) (time.Duration, error) {
	// Orders are read before certificates. If an order ends in between, its certificate is there when they are read.
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

// goesFirst says whether an attempt has to wait until another one, for the same hosts, has ended.
func goesFirst(other, own *Working) bool {
	theirs, ours := other.State.Attempt, own.State.Attempt
	switch {
	case theirs == nil || !slices.Equal(theirs.Hosts, ours.Hosts):
		return false
	case theirs.entered() || !theirs.Began.Equal(ours.Began):
		return theirs.entered() || theirs.Began.Before(ours.Began)
	}
	return other.Object.Name < own.Object.Name
}

// siblingsCertificate looks for another TLSCertificate that orders the same, and whose certificate is newer than the
// one to replace. It returns the Secret of that certificate, or nil.
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

// serves says whether the certificate in another TLSCertificate's Secret will do, so that none has to be ordered.
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

// orderedAlike says whether two TLSCertificates order the same.
func orderedAlike(a, b *v1alpha1.TLSCertificateSpec) bool {
	renewed := func(s *v1alpha1.TLSCertificateSpec) bool { return s.AutoRenew == nil || *s.AutoRenew }
	return renewed(a) && renewed(b) && slices.Equal(certificates.HostsOf(a), certificates.HostsOf(b)) && certificates.KeyTypeWanted(a) == certificates.KeyTypeWanted(b) &&
		a.Profile == b.Profile && a.PreferredChain == b.PreferredChain
}
