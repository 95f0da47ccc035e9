// SPDX-License-Identifier: Apache-2.0

// Package ledger remembers the orders of the last week, so that neither a restart nor a loop of any kind places more of
// them than an authority puts up with. It knows no authority and no certificate: an order is an ID and a set of names.
//
// Read ledger.go first, then store.go.
package ledger
