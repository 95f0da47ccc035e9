// SPDX-License-Identifier: Apache-2.0

// Package authservice asks services who gets in: by a request of HTTP, or by the gRPC method of Envoy's external
// authorization. What a service does with a question holds a bounded amount of memory for a bounded time. Only what it
// says plainly lets a request pass.
//
// It knows no routes, and keeps the verdicts of each apart.
//
// Read in this order: client.go (what all services have in common), service.go (one service, as a rule wants it asked),
// ask.go (asking it), question.go and envoy.go (what it is asked, by HTTP and by gRPC), answer.go and envoyanswer.go
// (what it says), verdict.go (what a request gets that may pass), said.go (what no client can say from then on), key.go
// and kept.go (verdicts for later requests), refusal.go (how others are answered).
package authservice
