// SPDX-License-Identifier: Apache-2.0

// Package policy is what a route can do with requests and responses beyond sending them on: who gets in, how many
// requests a client may send, which fields and which path go on. A [Policy] is one of these as a snapshot has it, and
// compiles to the [Steps] that a request runs through.
//
// It knows nothing of connections, of how routes are found, and of metrics. A step sees a [View] of a request.
//
// Begin with policy.go, which says what a policy is, and order.go, which lists all that there are. chain.go makes the
// steps of a route of them. Each policy has a file of its own: access.go, ratelimit.go, which counts by limiter.go,
// headers.go and rewrite.go.
package policy
