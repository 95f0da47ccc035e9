// SPDX-License-Identifier: Apache-2.0

// Package health asks tasks whether they are healthy, each at its interval, and keeps what was found. It knows no
// pools: whoever chooses among endpoints reads a [Task].
//
// Read prober.go first, which decides when a probe is made, then task.go, which decides what the probes in a row mean,
// and probe.go and grpc.go, which make one. agenda.go is the order in which probes are due.
package health
