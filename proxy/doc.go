// SPDX-License-Identifier: Apache-2.0

// Package proxy is the data plane: it accepts connections, routes each request by an immutable generation that was
// compiled from a [snapshot.Snapshot], and forwards it to an endpoint of a pool.
//
// It knows nothing of Kubernetes, of ACME or of any API type. Whoever owns the desired state describes it as a snapshot
// and hands it to [Proxy.Apply]; the proxy compiles it and swaps one pointer. What has to outlive a swap stands beside
// the generation: connections to endpoints and what is known of these, what policies remember of a route, certificates
// that were parsed, what is counted.
//
// This package joins the packages below it and does nothing that one of them could do. Begin with config.go and
// proxy.go, which makes a [Proxy]. watch.go does what no request can do for itself, collector.go counts, health.go and
// ticketkeys.go are for the control plane.
package proxy
