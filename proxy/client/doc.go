// SPDX-License-Identifier: Apache-2.0

// Package client finds out whom a request is from: the peer of its connection, or the client that trusted proxies name.
//
// Begin with origin.go, which is what is known of a connection, and forwarded.go, which reads the fields of a request
// and replaces those that endpoints believe. requestid.go does so with the request's id.
package client
