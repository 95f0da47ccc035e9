// SPDX-License-Identifier: Apache-2.0

// Package hostile attacks the controller as users run it: the program itself, in a memory cgroup of the chart's limit
// where the machine lets it make one, between a real Kubernetes API and real servers on loopback. Each attack lasts
// some seconds and sends a bounded load. It prints the memory of the replica that takes most, and the latency that a
// client of another namespace's host sees, before and during it. That client, the victim, and its backend are a process
// of their own, and what attacks runs only when neither they nor a replica want to. "make hostile" runs all of them:
//
//	heads over HTTP/2   memory 38 -> 87 MiB   victim p50 0.7 -> 0.8 ms   p99 1.3 -> 4.7 ms   801 requests, 0 failed
//
// An attack is a test of its own in a file of its own:
//
//	func TestSomething(t *testing.T) {
//		s := newStage(t)
//		s.attack("something", func(ctx context.Context) {
//			// what a client does to s.replica(), or a tenant by s.Create, until ctx is done
//		})
//	}
//
// WARREN_BINARY names another program to attack in place of this checkout's, to see an attack succeed that is held now.
//
// The package holds no code but tests, with the build tag "hostile".
package hostile
