// SPDX-License-Identifier: Apache-2.0

// Package acme takes the steps of the ACME protocol (RFC 8555), with profiles, external account binding and renewal
// information (RFC 9773), one request each: what an order needs next, and when, is for its caller to know and to keep.
//
// It retries nothing but refused nonces, and stores nothing. An error that it returns is an [Error] wherever the
// authority said what is wrong, and says whether the same request can succeed later.
package acme
