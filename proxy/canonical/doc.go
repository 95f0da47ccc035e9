// SPDX-License-Identifier: Apache-2.0

// Package canonical says how a host and a path are spelled where they are compared. Each has one spelling, so that
// what is checked is what is matched and forwarded. It also says how servers may read a path otherwise. It knows no
// rules, no routes and no messages, and it keeps nothing between two calls.
//
// Begin with path.go and host.go; reading.go builds on the first.
package canonical
