// SPDX-License-Identifier: Apache-2.0

// Package identity is who we are to clients: which certificate a name is served with, what answers authorities that ask
// whether a name is served here, and which TLS sessions may be resumed.
//
// Read set.go first, then serverconfig.go, which handshakes go by, and store.go, which outlives a snapshot.
// certificates.go and challenges.go find; resumption.go holds a session to the name that it was made for.
package identity
