// SPDX-License-Identifier: Apache-2.0

// Package certificates knows what a TLSCertificate asks for and which certificate it has: whether the Secret is its
// own, where the certificate in it came from, and when another one is due. It does not know how a certificate is
// ordered.
//
// Read in this order: spec.go (what is asked for), origin.go (where a certificate came from), secret.go (the Secret
// that holds it), renewal.go (when it is renewed), due.go (why another one is ordered).
package certificates
