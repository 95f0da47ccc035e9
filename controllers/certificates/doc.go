// SPDX-License-Identifier: Apache-2.0

// Package certificates knows what a TLSCertificate asks for and the certificate that it has: whether the Secret is its
// own, where the certificate in it is from, and when another one is due. It does not know how one is ordered.
//
// Read spec.go first, then secret.go, origin.go, renewal.go and due.go.
package certificates
