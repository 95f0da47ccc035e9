// SPDX-License-Identifier: Apache-2.0

// Package clientcert judges the certificates that clients show. It knows no hosts and no routes.
//
// Read in this order: terms.go (what a certificate has to be), verifier.go (whether one is that, and until when),
// revocations.go (which certificates their authorities have revoked), shown.go (what the client of a connection showed,
// judged once), subject.go and altnames.go (the names in a certificate), forward.go (how a backend is told of one).
package clientcert
