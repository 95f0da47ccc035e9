// SPDX-License-Identifier: Apache-2.0

// Package policy is what a route can do with requests and responses beyond sending them on: who gets in, how many
// requests a client may send, which fields and which path go on. A [Policy] is one of these in a snapshot. It compiles
// to the steps that a request runs through.
//
// It knows nothing of connections, of how routes are found, and of metrics. A step sees a view of a request.
//
// Read in this order, after package step, which says what a policy is: order.go (the list of all policies), chain.go
// (the steps of all policies of a route), then a file for each policy, which has its name. Package change has what
// several of them do. Package limit counts for those that bound what clients do.
package policy
