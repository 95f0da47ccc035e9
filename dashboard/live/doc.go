// SPDX-License-Identifier: Apache-2.0

// Package live shows requests as they end, and counts them by route and endpoint, for as long as somebody looks.
// Otherwise nothing of a request is kept, and it pays for one atomic load.
//
// Read in this order: requests.go (who looks), stream.go (requests one by one), filter.go (which of them), counts.go
// (how many by route and endpoint).
package live
