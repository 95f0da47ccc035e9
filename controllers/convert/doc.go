// SPDX-License-Identifier: Apache-2.0

// Package convert says in objects of the Gateway API what Ingresses say. It is pure. It begins with the rules that a
// snapshot serves, so that what loses to another rule today does not win tomorrow. What cannot be said there is told,
// and its requests are answered with 500: no rule is left out that may keep clients out.
//
// Read in this order: convert.go (what is converted, and into what), listeners.go (which listeners a namespace's hosts
// need), rule.go (one rule), ties.go (what keeps rules in their order).
package convert
