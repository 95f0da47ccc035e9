// SPDX-License-Identifier: Apache-2.0

// Package turns says who waits, whose turn it is, and who gives way where there is no room for one more, so that no
// client keeps others from waiting.
package turns
