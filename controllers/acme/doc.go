// SPDX-License-Identifier: Apache-2.0

// Package acme takes the steps of the ACME protocol (RFC 8555), with profiles, external account binding and renewal
// information (RFC 9773). Each call is one step. Its caller has to know and to store what an order needs next, and
// when.
//
// It retries nothing but refused nonces. It keeps nothing but the authority's directory, for an hour and in memory. If
// the authority said what is wrong, the error is an [Error], which says whether the same request can succeed later.
//
// Read in this order: client.go (whom it talks to), transport.go (how a request is sent), error.go (what an error
// means), account.go (registering an account), order.go (placing an order and finalizing it), authorization.go (proving
// a name), certificate.go (downloading the result), renewal.go (when to renew).
package acme
