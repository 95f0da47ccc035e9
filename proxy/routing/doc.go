// SPDX-License-Identifier: Apache-2.0

// Package routing compiles snapshots to generations. A [Generation] says which route a request takes. A [Route] has the
// pool, the steps of policies and all else that a request needs of it. A generation is immutable, and shares with the
// next one what does not change. A [State] has what outlives it.
//
// The package reads of a request what routes are found by: the host, the path, the method, the fields and the query. It
// opens no connection.
//
// Read in this order: route.go (what a request gets), generation.go (compiling a snapshot), succession.go (what is
// compiled anew), router.go (finding a route), closedtexts.go (finding a route that refuses all that begins with a
// text), expressions.go and openexpressions.go (finding one by a regular expression), place.go (choosing among the
// routes of one path), effort.go (a route that would take too long to find), compiledtexts.go (expressions that routes
// share), split.go (which of a route's backends), askers.go (who is asked for its policies), mirrors.go, errorpages.go,
// fallback.go and retry.go (what else a route has), state.go (what the next generation goes on with), mark.go (the mark
// that a route leaves on its requests, and which of them come back). Package condition says whether a request meets the
// conditions of a route.
package routing
