// SPDX-License-Identifier: Apache-2.0

// Package attempt says what to make of one attempt to have an endpoint answer, if that brought no response: why there
// is none, whom to blame, and whether the request may be tried again. It makes no attempt itself.
//
// Read failure.go first (what is made of it), then course.go (of what).
package attempt
