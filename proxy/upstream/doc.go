// SPDX-License-Identifier: Apache-2.0

// Package upstream makes and keeps the connections to endpoints. An [Endpoint] is one address under one set of terms:
// which protocol is spoken there, over which TLS, for which namespace. It gives an exchange what it runs over, an
// [Exchange]: an idle connection, a stream of a shared one, or a new one.
//
// It knows nothing of pools, of how busy an endpoint is, of retries, and of what a request is for.
//
// Read in this order: exchange.go (what one exchange can do, in any version of HTTP), endpoint.go (an address and the
// connections that rest there), names.go (its parts, if the server name follows the request), dial.go (making a
// connection that meets a [Demand]), dialer.go (what all connections have in common), dials.go (giving up those that
// are being made), link.go (a connection below HTTP), conn.go (a connection of HTTP/1.1), login.go (connections that
// a client logged in on), shared.go (a connection of HTTP/2), sharing.go (how requests share those), once.go (a
// connection for one health check), tlsfault.go (why TLS failed). Package tlsterms has the TLS of an endpoint.
package upstream
