// SPDX-License-Identifier: Apache-2.0

// Command churn measures what changes of the configuration cost. It runs the controller's real binary on a real
// Kubernetes API with thousands of Tasks behind hundreds of services, and changes Tasks at a steady rate. It prints the
// processor time and memory that the controller took, the time from a change to its effect on a request, and how many
// writes of status the API server saw.
//
// Clients see the effect. Some of the changes send the requests of a host to another backend, and a client asks until
// it gets that backend's answer. The time includes what the API server takes for the change.
//
// With -ingresses it changes one Ingress at a time, of many and of a hundred, and compares what that costs. Builds of
// the controller take turns.
//
// Everything is on one machine. It needs Linux, because it reads /proc and asks for processes' clocks.
//
// Read in this order: main.go (the command line), run.go (one run), objects.go (what there is to change), changes.go
// (the changes), ingresses.go with table.go (the same for Ingresses), controller.go (the binary and what it uses),
// backend.go (what answers), writes.go (what the API server counts).
package main
