// SPDX-License-Identifier: Apache-2.0

// Package rules has what all kinds of objects that make routes have in common, as plain values.
//
// Whoever reads a kind makes an [Object] once for each version of what an author wrote: hosts, and below each the
// [Rule] for each place of it, with what is wrong as a [Fault]. What it says of a rule is known from the object alone.
// Which rule wins, whose a host is and what stands behind a backend are questions to all objects of a cluster, which
// others answer. The package knows no kind and no type of an API.
//
// Read object.go, rule.go and fault.go, then the small ones.
package rules
