// SPDX-License-Identifier: Apache-2.0

// Package canonical has the one spelling of a host and of a path that is used in comparisons, so that what is checked
// is also what is matched and forwarded. It also says how servers may read a path differently. It knows no rules, no
// routes and no messages, and keeps nothing between two calls.
//
// Read in this order: path.go (the spelling of a path), encode.go (bytes that a client should have encoded), reading.go
// (how else servers read a path), host.go (the spelling of a host).
package canonical
