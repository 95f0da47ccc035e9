// SPDX-License-Identifier: Apache-2.0

// Package rules has what all kinds of objects that make routes have in common, as plain values. It knows no kind, and
// nothing of which rule wins.
package rules
