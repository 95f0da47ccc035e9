// SPDX-License-Identifier: Apache-2.0

// Package mirror sends copies of requests to services whose answers nobody wants. Nothing waits for a copy. What a
// service does with it, or does not do, holds a bounded amount of memory for a bounded time, and nothing else.
//
// It chooses no request: its users say when there is to be a copy, and where its content comes from.
//
// Read in this order: to.go (who gets copies), copies.go (those of one request), copy.go (a copy in the making),
// sender.go (copies under way).
package mirror
