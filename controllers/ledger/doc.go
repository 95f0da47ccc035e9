// SPDX-License-Identifier: Apache-2.0

// Package ledger remembers the orders of the last week, so that neither a restart nor a loop of any kind places more
// orders than an authority accepts. It knows no authority and no certificate: an order is an ID and a set of names.
//
// Read in this order: ledger.go (the entries, and when another order may be placed), store.go (where they are kept).
package ledger
