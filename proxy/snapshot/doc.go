// SPDX-License-Identifier: Apache-2.0

// Package snapshot is what the data plane is to serve, as plain values. Controllers make a [Snapshot], and the proxy
// compiles it. Nothing here says how serving goes.
//
// Read snapshot.go first. What its types hold is in condition.go, balancing.go, certificate.go, challenge.go, check.go
// and upstreamtls.go; unserved.go is what was written and is not served; inspect.go says what makes no sense.
package snapshot
