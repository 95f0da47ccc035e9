// SPDX-License-Identifier: Apache-2.0

// Package routing compiles snapshots to generations, which say which route a request takes: with a pool, the steps of
// policies and all else that a request needs of it. A [Generation] is immutable. What outlives it is in a [State].
//
// It knows nothing of requests beyond their host and path, and opens no connection.
//
// Begin with route.go, which is what a request gets, and generation.go, which compiles. router.go finds a route, and
// closedtexts.go one of those that refuse whatever begins with a text. state.go keeps what the next generation goes on with, and mark.go makes the mark that a
// route leaves on its requests.
package routing
