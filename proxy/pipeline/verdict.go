// SPDX-License-Identifier: Apache-2.0

package pipeline

// Verdict says how an exchange ended, to the connection that carried it.
type Verdict uint8

const (
	// Complete means that the response was sent whole.
	Complete Verdict = iota
	// Torn means that it was not, and that the client must be able to see that.
	Torn
	// Upgraded means that a 101 was sent. The bytes that follow are the tunnel's.
	Upgraded
)
