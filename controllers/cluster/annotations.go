// SPDX-License-Identifier: Apache-2.0

package cluster

// OrderedByAnnotation on a TLSCertificate is the "namespace/class" of the controller that orders it. While it is there,
// no other controller orders: each keeps its orders where the others do not look.
const OrderedByAnnotation = "ingress.warren.dev/ordered-by"

// TLSCertificateAnnotation marks a Secret: the TLSCertificate of that name keeps its certificate in it. A user who puts
// the annotation on a Secret of his own hands the Secret over.
const TLSCertificateAnnotation = "ingress.warren.dev/tlscertificate"

const (
	// DirectoryAnnotation is the authority that issued the certificate, or that has the account.
	DirectoryAnnotation = "ingress.warren.dev/acme-directory"
	// CertificateAccountAnnotation is a digest of the account that ordered the certificate. It is no more than a digest
	// because the account is the operator's.
	CertificateAccountAnnotation = "ingress.warren.dev/acme-account"
	// SerialAnnotation is the serial number of the certificate that the other annotations are about.
	SerialAnnotation = "ingress.warren.dev/acme-serial"
	// IssuedAtAnnotation is when that certificate came.
	IssuedAtAnnotation = "ingress.warren.dev/acme-issued-at"
)
