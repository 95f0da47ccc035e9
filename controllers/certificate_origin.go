// SPDX-License-Identifier: Apache-2.0

package controllers

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

// origin is where a certificate is from. It is the zero value for one that was not ordered here.
type origin struct {
	directory string
	// account is empty, and issuedAt zero, for a certificate that an earlier version ordered.
	account  string
	issuedAt time.Time
}

// originOf reads what a Secret says of where the certificate in it is from: nothing if somebody has put another one
// there.
func originOf(secret *corev1.Secret, leaf *x509.Certificate) origin {
	if secret == nil || leaf == nil {
		return origin{}
	}
	serial, known := secret.Annotations[cluster.SerialAnnotation]
	if known && serial != serialOf(leaf) {
		return origin{}
	}
	from := origin{directory: secret.Annotations[cluster.DirectoryAnnotation]}
	if known {
		from.account = secret.Annotations[cluster.CertificateAccountAnnotation]
		// What cannot be read is not known.
		from.issuedAt, _ = time.Parse(time.RFC3339, secret.Annotations[cluster.IssuedAtAnnotation])
	}
	return from
}

// annotate writes where a certificate is from onto the Secret that it is put into.
func (o *origin) annotate(secret *corev1.Secret, leaf *x509.Certificate) {
	for name, value := range map[string]string{
		cluster.DirectoryAnnotation: o.directory, cluster.CertificateAccountAnnotation: o.account, cluster.SerialAnnotation: serialOf(leaf),
		cluster.IssuedAtAnnotation: o.issuedAt.UTC().Format(time.RFC3339),
	} {
		metav1.SetMetaDataAnnotation(&secret.ObjectMeta, name, value)
	}
}

// serialOf is a certificate's serial number as annotations and statuses have it.
func serialOf(leaf *x509.Certificate) string { return fmt.Sprintf("%x", leaf.SerialNumber) }

// accountDigest stands for an account, however often its key is changed.
func accountDigest(account acme.Account) string { return ledger.NameSet([]string{account.URL}) }

// predecessor returns the name of the certificate that an order is to replace, or nothing. To name it is a help that an
// authority may refuse (RFC 9773, section 5), as it does unless the same account ordered it, for one of the same names
// at least.
func predecessor(leaf *x509.Certificate, from origin, directory, account string, hosts []string) string {
	if leaf == nil || from.directory != directory || from.account != account {
		return ""
	}
	if !slices.ContainsFunc(leaf.DNSNames, func(name string) bool { return slices.Contains(hosts, strings.ToLower(name)) }) {
		return ""
	}
	id, err := acme.CertificateID(leaf)
	if err != nil {
		return "" // It is replaced without being named.
	}
	return id
}
