// SPDX-License-Identifier: Apache-2.0

// Package change makes other paths and other values of fields, as several policies do. It is told how in plain values.
//
// path.go is about paths, and value.go about values. Neither needs the other.
package change
