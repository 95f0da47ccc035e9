// SPDX-License-Identifier: Apache-2.0

// Package decide decides about a request before an endpoint is chosen: whom it is from, which route takes it, what the
// route's policies make of it, and which backend it goes to, or how it is answered without one. It waits for
// nothing but what a policy has to find out, and for that by what its user gives it to wait with.
//
// It sends nothing to clients or endpoints, and counts no request. So what it decides can also be asked of a [Trial],
// by somebody who only wants to know.
//
// Read in this order: basis.go (what all requests are decided by), decision.go (one request), memory.go (what one
// decision leaves to the next), phases.go (all that happens, in order), loop.go (a phase: requests that come back
// here), method.go (two phases: TRACE and OPTIONS), backend.go (a phase: one backend of several), session.go (whose
// session is there), spelling.go (a phase: the path as the client sent it), page.go (whether an answer has a page),
// path.go (the paths that others are told), trial.go (a request that somebody only asks about), asking.go (one for
// which others are asked all the same).
package decide
