// SPDX-License-Identifier: Apache-2.0

// Package orders takes the steps of an order, each of which is written down before the next is taken: in a Secret of
// the controller's namespace, so that whoever is the leader goes on where the last one was. It does not know when a
// certificate is due or which controller orders it, nor what is said of it.
//
// Read state.go and store.go first, which are what is kept, then issuance.go for the steps, with siblings.go,
// presence.go, pending_key.go, hold.go and backoff.go for what they ask; account_store.go for accounts, former.go for
// what an earlier version kept; acme_options.go and metrics.go explain themselves.
package orders
