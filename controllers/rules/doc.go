// SPDX-License-Identifier: Apache-2.0

// Package rules has, as plain values, what all kinds of objects that make routes have in common.
//
// A reader of a kind makes one [Object] for each version of an object: its hosts, below each host a [Rule] for each
// place, and a [Fault] for what is wrong. Everything in it depends on that object alone. Which rule wins, whose a host
// is and what stands behind a backend depends on all objects of a cluster, and other packages answer that. The package
// knows no kind and no API type.
//
// Read in this order: object.go (an object and its hosts), rule.go (one rule), fault.go (what can be wrong, and what
// that closes), canary.go (an object that takes a share of others' requests), host.go (which hosts are valid),
// text.go (how names are written into messages).
package rules
