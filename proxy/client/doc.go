// SPDX-License-Identifier: Apache-2.0

// Package client finds out whom a request is from: the peer of its connection, or the client that trusted proxies name.
// It also says what the client's side of an exchange can do, in any version of HTTP.
//
// Read in this order: origin.go (what is known of a connection's peer), forwarded.go (what the fields of a request say,
// and which fields endpoints get instead), family.go (which fields may come from a trusted proxy alone), scheme.go and
// port.go (what the client used), requestid.go (the request's id), side.go (the client's side of an exchange),
// answer.go (answers of our own).
package client
