// SPDX-License-Identifier: Apache-2.0

// Package keyset verifies tokens (JWT, RFC 7519) by sets of keys (JWKS, RFC 7517) that issuers publish. It knows no
// routes and no requests. Signatures are go-jose's matter. Which keys and algorithms there may be, is decided here.
//
// Read in this order: keys.go (a set as text), set.go (a set at a URL), fetch.go (how it is had), terms.go (what a
// token has to say), verify.go (a token).
package keyset
