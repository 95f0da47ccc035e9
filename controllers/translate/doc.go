// SPDX-License-Identifier: Apache-2.0

// Package translate turns the objects of a cluster into what the data plane serves, and into what to say about each
// object. Objects that make routes come in the form of package rules; translate knows none of their kinds.
//
// It is a pure function: no I/O, no clock, no log, and it never modifies what it is given. The same objects give the
// same snapshot and the same reports in whatever order they come, so a restart or a second replica has the same result.
// If an object, or one of its rules, cannot be served, it is reported and left out. It never keeps another one from
// being served. A rule that keeps its place in spite of a fault answers 503.
//
// Read in this order: build.go (the input, and the table of contents), object.go (an object and what becomes of it),
// host.go (which namespace has a host), allowed.go (which hosts a namespace may have), alias.go (other names of
// hosts), rule.go (the candidates for places), opened.go (paths that another object made expressions), canary.go
// (what canaries make of candidates), precedence.go and winners.go (which candidate wins), closed.go (which are
// closed), shadow.go and unserved.go (what is said of hosts and rules that get no requests), pool.go (endpoints of
// backends), backend.go (which of them share a route), appprotocol.go (what Services say of their ports), service.go
// and task.go (where those come from), backendtls.go (TLS to backends), check.go (health checks), secret.go (a
// certificate in a Secret), certificate.go (which certificates are served), tlscertificate.go (those of
// TLSCertificates), challenge.go (answers to authorities), report.go (the conditions), named.go (what has to be read
// before a build).
//
// A Builder does the same for one input after the other, and does anew only what has changed: builder.go (what has
// changed), island.go (which objects have to be built together), crowds.go (what they share the room for), hostfacts.go
// (what islands know of the hosts of others), sharedpool.go and servedcertificates.go (what islands have in common),
// merge.go (the whole that is made of them), difference.go (how lists differ).
package translate
