// SPDX-License-Identifier: Apache-2.0

// Package binary tests the controller as users run it: the program itself, as a child process with flags and signals,
// between a real Kubernetes API and real servers on loopback. What a part of it does on its own is tested beside that
// part.
//
// It holds no code but tests.
package binary
