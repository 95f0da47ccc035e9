// SPDX-License-Identifier: Apache-2.0

// Package guard lets others end what an exchange waits for. An exchange arms its [Guard] with what to close. Whoever
// finds out that nobody needs the exchange any more ends it, and says why.
//
// It knows nothing of requests and connections. Read guard.go first, then deadline.go, which ends an attempt alone.
package guard
