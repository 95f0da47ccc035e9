// SPDX-License-Identifier: Apache-2.0

// Package session says which session a request of a route names, and what its client is told of it. What names a
// session, and at which endpoint it is, package balance knows.
//
// All of it is in rule.go.
package session
