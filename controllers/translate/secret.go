// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// Secret is what a Secret with tls.crt and tls.key was found to hold. Parsing one costs more than all the rest of an
// Ingress, so the maker of an Input does it once for each version of a Secret. It is immutable.
type Secret struct {
	Namespace, Name string
	// Fault tells the author why the Secret cannot be served. The fields below are then of the last version that could be,
	// or empty if there was none.
	Fault string
	// Reason is the reason of the conditions that report the fault. Empty stands for SecretInvalid.
	Reason string
	// Partial is set if no version could be served, so that the fields below are what could be read of this one.
	Partial bool
	// Remark is what there is to say of a certificate that is served. Almost all have none.
	Remark string
	// Gone is set if the Secret does not exist any more. The fields below are then of its last version that could be
	// served.
	Gone bool
	// Chain and Key are PEM, with the leaf first in the chain. They belong together, and the data plane accepts them.
	Chain, Key string
	// Names are the leaf's DNS names in lower case, exact or with a wildcard for the first label. Its common name does not
	// count (RFC 9525, section 6.3).
	Names []string
	// NotBefore and NotAfter are the first and the last moment at which the leaf is valid.
	NotBefore, NotAfter time.Time
}

// NamedSecrets returns the names of the Secrets that objects, listeners and TLSCertificates in an input name, and those
// whose certificates backends are shown.
func NamedSecrets(in *Input) map[types.NamespacedName]struct{} {
	names := make(map[types.NamespacedName]struct{})
	for _, object := range in.Objects {
		for i := range object.Certificates {
			names[types.NamespacedName{Namespace: object.Namespace, Name: object.Certificates[i].Secret}] = struct{}{}
		}
	}
	for _, l := range in.Listeners {
		for _, at := range l.Certificates {
			names[at] = struct{}{}
		}
	}
	for _, at := range in.ClientCertificates {
		names[at] = struct{}{}
	}
	for _, object := range in.TLSCertificates {
		names[types.NamespacedName{Namespace: object.Namespace, Name: string(object.Spec.SecretName)}] = struct{}{}
	}
	return names
}

// reason returns the reason of the conditions that report the Secret's fault.
func (s *Secret) reason() string { return cmp.Or(s.Reason, v1alpha1.ReasonSecretInvalid) }

// covers returns whether the certificate is good for a host: an exact host that it names or has a wildcard for, or a
// wildcard that it names.
func (s *Secret) covers(host string) bool {
	wildcard := wildcardOver(host)
	return slices.ContainsFunc(s.Names, func(name string) bool { return name == host || name == wildcard && name != "" })
}

// validity is whether a certificate is valid at a time. The lower value is served first.
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
