// SPDX-License-Identifier: Apache-2.0

// Package proxy is the data plane. It accepts connections, routes each request by an immutable generation that was
// compiled from a [snapshot.Snapshot], and forwards it to an endpoint of a pool.
//
// It knows nothing of Kubernetes, of ACME or of any API type. Whoever owns the desired state describes it as a snapshot
// and hands it to [Proxy.Apply]. The proxy compiles the snapshot and swaps one pointer. What has to outlive a swap is
// kept beside the generation: connections to endpoints and what is known of these, what policies remember of a route,
// certificates that were parsed, what is counted.
//
// This package joins the packages below it and does nothing that one of them could do. Read in this order: config.go
// (what a proxy is told), proxy.go (making a [Proxy] and applying snapshots), watch.go (what no request can do for
// itself), health.go, ticketkeys.go and sessionkey.go (what the control plane asks and
// sets), collector.go (what is counted).
package proxy
