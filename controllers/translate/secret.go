// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// Secret is what a Secret with tls.crt and tls.key was found to hold. To parse one costs more than all the rest of an
// Ingress, so whoever makes an Input does it once for each version of a Secret. It is immutable.
type Secret struct {
	Namespace, Name string
	// Fault says why the Secret cannot be served, for its author to read. What is below is then of the last version that
	// could be, or empty where there was none.
	Fault string
	// Reason is that of the conditions that tell of the fault. Empty: SecretInvalid.
	Reason string
	// Partial is set where there was no version that could be served, and what is below is what could be read of this one.
	Partial bool
	// Remark is what there is to say of a certificate that is served. It is empty for almost all.
	Remark string
	// Gone is set where the Secret is not there any more. What is below is then of its last version that could be served.
	Gone bool
	// Chain and Key are PEM, the leaf first in the chain, and belong together: the data plane takes them.
	Chain, Key string
	// Names are the leaf's DNS names in lower case, exact or with a wildcard for their first label. Its common name is
	// none of them (RFC 9525, section 6.3).
	Names []string
	// NotBefore and NotAfter are the first and the last moment at which the leaf is valid.
	NotBefore, NotAfter time.Time
}

// NamedSecrets returns the names of the Secrets that an input's objects and TLSCertificates name.
func NamedSecrets(in *Input) map[types.NamespacedName]struct{} {
	names := make(map[types.NamespacedName]struct{})
	for _, object := range in.Objects {
		for i := range object.Certificates {
			names[types.NamespacedName{Namespace: object.Namespace, Name: object.Certificates[i].Secret}] = struct{}{}
		}
	}
	for _, object := range in.TLSCertificates {
		names[types.NamespacedName{Namespace: object.Namespace, Name: string(object.Spec.SecretName)}] = struct{}{}
	}
	return names
}

// reason is that of the conditions that tell of the Secret's fault.
func (s *Secret) reason() string { return cmp.Or(s.Reason, v1alpha1.ReasonSecretInvalid) }

// covers says whether the certificate is good for a host: an exact one that it names or has a wildcard for, or a
// wildcard that it names.
func (s *Secret) covers(host string) bool {
	wildcard := wildcardOver(host)
	return slices.ContainsFunc(s.Names, func(name string) bool { return name == host || name == wildcard && name != "" })
}

// validity is how a certificate stands in time. What comes first is served before what comes after it.
type validity int

const (
	valid validity = iota
	expired
	notYetValid
)

func (s *Secret) validity(now time.Time) validity {
	switch {
	case now.After(s.NotAfter):
		return expired
	case now.Before(s.NotBefore):
		return notYetValid
	}
	return valid
}
