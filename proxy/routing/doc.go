// SPDX-License-Identifier: Apache-2.0

// Package routing compiles snapshots to generations, which say which route a request takes: with a pool, the steps of
// policies and all else that a request needs of it. A [Generation] is immutable. What outlives it is in a [State].
//
// It knows of a request what routes are found by: the host, the path, the method, the fields and the query. It opens no
// connection.
//
// Begin with route.go, which is what a request gets, and generation.go, which compiles. router.go finds a route, and
// closedtexts.go one of those that refuse whatever begins with a text. place.go chooses among the routes of one path,
// and condition.go says whether a request meets the conditions of a route. state.go keeps what the next generation goes
// on with, and mark.go makes the mark that a route leaves on its requests.
package routing
