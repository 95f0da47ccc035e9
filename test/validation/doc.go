// SPDX-License-Identifier: Apache-2.0

// Package validation tests, on a real API server, which objects the resource definitions accept, what they say about
// those that they refuse, and what they fill in. It has no code but tests.
package validation
