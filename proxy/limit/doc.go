// SPDX-License-Identifier: Apache-2.0

// Package limit counts what clients do, by rule: how many requests they begin in a time, and how many have not ended.
// Its memory is bounded, and no lock is shared by all requests.
//
// Read in this order: limiter.go (requests in a time), underway.go (requests at once).
package limit
