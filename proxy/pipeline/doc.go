// SPDX-License-Identifier: Apache-2.0

// Package pipeline takes one request through the proxy, in any version of HTTP. An [Exchange] has package decide
// decide about the request, has an endpoint chosen, sends the request there, relays the response and records what
// became of it. An [Engine] is what all exchanges have in common.
//
// It opens no connection itself. It knows nothing of listeners, and of clients' connections only what [client.Side]
// says.
//
// Read in this order: engine.go (what exchanges share), verdict.go (how one ends), memory.go (what one exchange
// leaves to the next), exchange.go (one request), waiting.go (a request that waits for a policy), answer.go (answers
// of our own), forward.go (trying endpoints), choose.go (choosing one), fallback.go (where there is none), session.go
// (whose session is there), mirror.go (copies for others), attempt.go (trying it), upload.go (having the content
// sent), expect.go (an expectation that the endpoint does not know), headrelease.go (giving back a long head's
// memory), encode.go and relay.go (relaying the response), errorpage.go (a page in its place), upgrade.go (making a
// tunnel), failure.go (what to make of an attempt without a response), retry.go (trying again after a response),
// record.go (what observers are told).
package pipeline
