// SPDX-License-Identifier: Apache-2.0

// Command churn measures what changes of the configuration cost: the controller's real binary on a real Kubernetes API,
// thousands of Tasks behind hundreds of services, and Tasks that change at a steady rate. It prints the processor time
// and memory that the controller took, the time from a change to its effect on a request, and how many writes of status
// the API server saw.
//
// The effect is seen by clients: among the changes are some that send the requests of a host to another backend, and a
// client asks until it gets that one's answer. What the API server takes for the change is part of the time.
//
// Everything is on one machine. It needs Linux, whose /proc it reads.
package main
