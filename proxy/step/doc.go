// SPDX-License-Identifier: Apache-2.0

// Package step is what a policy is made of: what it compiles to, what that sees of a request, and what it can say. It
// knows none of the policies, so that they can stand in several packages. policy.Order lists them all.
//
// Read in this order: policy.go (what a policy is, and what it is compiled for), step.go (what it does, and how it
// answers), view.go (what it sees), wait.go (who waits for it), note.go (what it says to somebody who only asks).
package step
