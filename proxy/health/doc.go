// SPDX-License-Identifier: Apache-2.0

// Package health asks tasks whether they are healthy, each at its interval, and keeps what it found. It knows no pools:
// whoever chooses among endpoints reads a [Task].
//
// Read in this order: prober.go (when a task is probed), task.go (what the probes in a row mean), probe.go (making a
// probe), grpc.go (asking by gRPC), agenda.go (which probe is due next).
package health
