// SPDX-License-Identifier: Apache-2.0

// Package attempt says what becomes of one attempt to have an endpoint answer. All of it is in failure.go: why there is
// no response, whom to blame, and whether the request may be tried again.
package attempt
