// SPDX-License-Identifier: Apache-2.0

// Package kept keeps what was found out about secrets, such as whether a password is right. It keeps no secret: a
// value is found by a hash under a key that the process has made for itself. Its memory is bounded, and reading takes
// no lock.
//
// Read in this order: digest.go (what keys are made of), table.go (what is kept).
package kept
