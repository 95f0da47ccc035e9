// SPDX-License-Identifier: Apache-2.0

// Package translate turns the objects of a cluster into what the data plane serves, and into what is to
// be said about each object. Those that make routes come as package rules has them; it knows none of their kinds.
//
// It is a pure function: no I/O, no clock, no log, and what it is given is never modified. The same
// objects give the same snapshot and the same reports in whatever order they come, so a restart or a
// second replica comes to the same result. An object, or a rule of one, that cannot be served is reported and
// left out; it never keeps another one from being served. A rule that keeps its place in spite of a fault answers 503.
//
// Read build.go, which is the table of contents, then rule.go and precedence.go, pool.go, certificate.go and report.go.
package translate
