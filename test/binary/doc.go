// SPDX-License-Identifier: Apache-2.0

// Package binary tests the controller as users run it: the program itself, as a child process with flags and signals,
// between a real Kubernetes API and real servers on loopback. The tests of each part are beside that part.
//
// It has no code but tests.
package binary
