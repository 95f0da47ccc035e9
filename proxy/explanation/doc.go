// SPDX-License-Identifier: Apache-2.0

// Package explanation is what is answered to a question about a request: plain values, which are JSON for programs, and
// a text for people. It decides nothing.
//
// Read in this order: explanation.go (what is answered), text.go (the same for people).
package explanation
