// SPDX-License-Identifier: Apache-2.0

// Package proxy is the data plane: it accepts connections, routes each request by an immutable
// generation that was compiled from a [snapshot.Snapshot], and forwards it to an endpoint of a pool.
//
// The package knows nothing of Kubernetes, of ACME or of any API type. Whoever owns the desired state
// describes it as a snapshot and hands it to [Proxy.Apply]; the proxy compiles it and swaps one
// pointer. What must outlive a swap (idle upstream connections, balancer cursors) is kept beside
// the generation, by id.
package proxy
