// SPDX-License-Identifier: Apache-2.0

// Package pipeline is one request's way through the proxy, whatever version of HTTP it came by: an [Exchange] decides
// about it, has an endpoint chosen, sends it there, relays the response and records what became of it. What all exchanges
// have in common is an [Engine].
//
// It knows nothing of listeners and of clients' connections but what [Downstream] says, and opens no connection itself.
//
// Begin with engine.go and exchange.go, and with phases.go, which lists what a request goes through before an endpoint
// is chosen; loop.go is one of these phases. Then comes forward.go, which tries endpoints: choose.go chooses one, claim.go
// heeds who is logged in, attempt.go tries it, relay.go relays its response, upgrade.go makes a tunnel, and failure.go
// says what to make of it where none came. upload.go sends content, of which kept.go keeps some for another attempt;
// conversation.go lets both sides talk at once, splice.go moves content within the kernel, and headrelease.go gives back
// a long head's memory. answer.go answers by itself. record.go fills in what observers are told.
//
// guard.go lets others end what an exchange waits for, memory.go is what one exchange leaves to the next, downstream.go
// the client's side, and trial.go a request that somebody only asks about.
package pipeline
