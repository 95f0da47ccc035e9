// SPDX-License-Identifier: Apache-2.0

// Package hostile attacks the controller as users run it: the program itself, in a memory cgroup with the chart's limit
// if the machine allows one, between a real Kubernetes API and real servers on loopback. Each attack lasts some seconds
// and sends a bounded load. It prints the memory of the replica that takes most, and the latency that a client of
// another namespace's host sees, before and during the attack. That client, the victim, has a process of its own
// together with its backend. The attackers run only when neither that process nor a replica wants to. "make hostile"
// runs all of them:
//
//	heads over HTTP/2   memory 38 -> 87 MiB   victim p50 0.7 -> 0.8 ms   p99 1.3 -> 4.7 ms   801 requests, 0 failed
//
// An attack is a test in a file of its own:
//
//	func TestSomething(t *testing.T) {
//		s := newStage(t)
//		s.attack("something", func(ctx context.Context) {
//			// what a client does to s.replica(), or a tenant by s.Create, until ctx is done
//		})
//	}
//
// An attack that takes places, orders or answers, and no time of a processor, calls t.Parallel first and has its stage
// from newStageApart. All of these run at once after the others. The victim of one that takes time waits beside nothing
// else. The slow uploads alone, which last longest and do least, run beside the first of them.
//
// Where nginx is installed, it stands before the same servers in the attacks on clients' uploads and connections, and
// is attacked as the replica is.
//
// WARREN_BINARY names another program to attack instead of this checkout's, such as an older one on which an attack
// succeeds that fails now.
//
// The package has no code but tests, with the build tag "hostile".
package hostile
