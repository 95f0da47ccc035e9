// SPDX-License-Identifier: Apache-2.0

// Package buffer lends memory to connections, and bounds what requests take of it. It knows nothing of what is put into
// it.
//
// Read in this order: buffer.go (what is lent), memory.go (what is bounded).
package buffer
