// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/ledger"
)

// Origin is where a certificate came from. It is the zero value for a certificate that was not ordered here.
type Origin struct {
	Directory string
	// Account is empty, and IssuedAt zero, for a certificate that an earlier version ordered.
	Account  string
	IssuedAt time.Time
}

// OriginOf returns where the certificate in a Secret came from, as the Secret's annotations say. It returns the zero
// value if somebody has put another certificate there.
func OriginOf(secret *corev1.Secret, leaf *x509.Certificate) Origin {
	if secret == nil || leaf == nil {
		return Origin{}
	}
	serial, known := secret.Annotations[cluster.SerialAnnotation]
	if known && serial != SerialOf(leaf) {
		return Origin{}
	}
	from := Origin{Directory: secret.Annotations[cluster.DirectoryAnnotation]}
	if known {
		from.Account = secret.Annotations[cluster.CertificateAccountAnnotation]
		// A time that cannot be read counts as not known.
		from.IssuedAt, _ = time.Parse(time.RFC3339, secret.Annotations[cluster.IssuedAtAnnotation])
	}
	return from
}

// annotate writes onto the certificate's Secret where the certificate came from.
func (o *Origin) annotate(secret *corev1.Secret, leaf *x509.Certificate) {
	for name, value := range map[string]string{
		cluster.DirectoryAnnotation: o.Directory, cluster.CertificateAccountAnnotation: o.Account, cluster.SerialAnnotation: SerialOf(leaf),
		cluster.IssuedAtAnnotation: o.IssuedAt.UTC().Format(time.RFC3339),
	} {
		metav1.SetMetaDataAnnotation(&secret.ObjectMeta, name, value)
	}
}

// SerialOf returns a certificate's serial number as annotations and statuses have it.
func SerialOf(leaf *x509.Certificate) string { return fmt.Sprintf("%x", leaf.SerialNumber) }

// AccountDigest returns a text that identifies an account. It stays the same when the account's key is changed.
func AccountDigest(account acme.Account) string { return ledger.NameSet([]string{account.URL}) }

// Predecessor returns the name of the certificate that an order replaces, or nothing. Naming it is optional, and an
// authority may refuse it (RFC 9773, section 5). It does unless the same account ordered that certificate, and for at
// least one of the same names.
func Predecessor(leaf *x509.Certificate, from Origin, directory, account string, hosts []string) string {
	if leaf == nil || from.Directory != directory || from.Account != account {
		return ""
	}
	if !slices.ContainsFunc(leaf.DNSNames, func(name string) bool { return slices.Contains(hosts, strings.ToLower(name)) }) {
		return ""
	}
	id, err := acme.CertificateID(leaf)
	if err != nil {
		return "" // The order replaces it without naming it.
	}
	return id
}
