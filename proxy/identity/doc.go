// SPDX-License-Identifier: Apache-2.0

// Package identity is who we are to clients. It has the certificates by name, the answers to authorities that ask
// whether a name is served here, and the rule for which TLS sessions may be resumed.
//
// Read in this order: set.go (all of that, for one snapshot), serverconfig.go (how handshakes use it), resumption.go (a
// session counts only for the name that it was made for), store.go (what outlives a snapshot), certificates.go (finding
// the certificate for a name), names.go and clients.go (the same for a listener, with what its clients have to prove),
// asking.go and verifiers.go (which other hosts ask clients for certificates), signing.go (what handshakes may cost),
// challenges.go (finding the answer to an authority).
package identity
