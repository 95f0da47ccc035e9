// SPDX-License-Identifier: Apache-2.0

// Package snapshot describes, in plain values, what the data plane has to serve. Controllers make a [Snapshot]. The
// proxy compiles it. The package has nothing to say about how serving goes.
//
// Read in this order: snapshot.go (hosts, routes, pools and endpoints), listener.go (addresses besides the proxy's own,
// with hosts of their own), condition.go (what a route asks of a request
// besides its host and path), balancing.go (how a route chooses an endpoint), upstreamtls.go (TLS with endpoints),
// check.go (health checks), certificate.go (certificates and the names that they are served for), challenge.go (what
// certificate authorities ask for), unserved.go (rules without a route), changes.go (what differs
// between two snapshots), inspect.go (what makes a snapshot invalid).
package snapshot
