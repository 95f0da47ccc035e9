// SPDX-License-Identifier: Apache-2.0

// Package upstream is the connections to endpoints. An [Endpoint] is one address under one set of terms: what is spoken
// there, over which TLS, for which namespace. It says what an [Exchange] goes over: a connection that rests, a stream
// of one that many share, or a new one.
//
// It knows nothing of pools, of how busy an endpoint is, of retries, and of what a request is for.
//
// Begin with exchange.go, which says what one exchange can do, whatever version of HTTP carries it, and endpoint.go,
// which keeps what rests. dial.go makes connections as a [Demand] has them, in the manner of a [Dialer] (dialer.go).
// conn.go is a connection of HTTP/1.1; login.go keeps those that somebody logged in on for that client. shared.go is a
// connection of HTTP/2, and sharing.go gives its streams to all who come. once.go is for health checks. link.go
// is what all of them have below, and dials.go bounds how many are made at once. tls.go, tlsstore.go and authorities.go
// make TLS of [Terms]; tlsfault.go says why it failed.
package upstream
