// SPDX-License-Identifier: Apache-2.0

// Package balance is who takes the next request: the pools of a snapshot, what is known of their endpoints, and how to
// choose among those that are available. It knows no requests: whoever has one asks with a [Choice].
//
// Read pool.go first, then hold.go, which takes a place at an endpoint and gives it back, and picker.go, behind which
// the policies are: roundrobin.go, leastrequest.go and hash.go. available.go decides who may be chosen, ejector.go who
// is set aside for what requests met with. queue.go is for requests that wait, budget.go bounds retries, errors.go
// counts. store.go, target.go and poollist.go are what outlives a snapshot, state.go what can be said of a pool to
// people.
package balance
