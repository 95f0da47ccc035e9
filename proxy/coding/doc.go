// SPDX-License-Identifier: Apache-2.0

// Package coding encodes the content of responses by br, gzip or zstd while it is sent on. It knows no routes.
//
// Read in this order: encoders.go (what is lent to responses, and how much memory that may take), writer.go (content
// that is encoded on its way), head.go (what a head says of that), levels.go (which encoders there are, and what they
// cost).
package coding
