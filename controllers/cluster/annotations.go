// SPDX-License-Identifier: Apache-2.0

package cluster

// OrderedByAnnotation on a TLSCertificate is "namespace/class" of the controller that orders it. No other one does as
// long as it is there, because each keeps its orders where the others do not look.
const OrderedByAnnotation = "ingress.warren.dev/ordered-by"

// TLSCertificateAnnotation marks a Secret that a TLSCertificate of that name keeps its certificate in. Whoever puts it
// on a Secret of his own hands that over.
const TLSCertificateAnnotation = "ingress.warren.dev/tlscertificate"

const (
	// DirectoryAnnotation is the authority that a certificate or an account is from.
	DirectoryAnnotation = "ingress.warren.dev/acme-directory"
	// CertificateAccountAnnotation stands for the account that ordered a certificate. It is a digest: the account is
	// the operator's.
	CertificateAccountAnnotation = "ingress.warren.dev/acme-account"
	// SerialAnnotation is the serial number of the certificate that the others are about.
	SerialAnnotation = "ingress.warren.dev/acme-serial"
	// IssuedAtAnnotation is when that certificate came.
	IssuedAtAnnotation = "ingress.warren.dev/acme-issued-at"
)
