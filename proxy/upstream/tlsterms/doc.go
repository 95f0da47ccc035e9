// SPDX-License-Identifier: Apache-2.0

// Package tlsterms says how endpoints are spoken to over TLS, and what they have to prove. It makes what crypto/tls
// needs for that, once for equal [Terms].
//
// Read in this order: store.go (the terms, and what was made from them), tls.go (from terms to configurations),
// altnames.go (certificates that are for one of several names), authorities.go (certificates of authorities, parsed
// once).
package tlsterms
