// SPDX-License-Identifier: Apache-2.0

// Package orders takes the steps of an order. It writes down what came of each step, in a Secret of the controller's
// namespace, before it takes the next one. So any replica that becomes the leader goes on where the last one was. The
// package does not decide when a certificate is due or which controller orders it. It does not write statuses either.
//
// Read state.go and attempt.go first: they are what is kept of an order. Then read its files in this order:
//
//   - issuance.go drives an order, one step a pass. steps.go is the table of the steps.
//   - begin.go, trial.go, place.go, prove.go and collect.go are what the steps do, in that order. authority.go is whom
//     they ask.
//   - ending.go ends an attempt, wherever that happens.
//   - solver.go says how challenges are answered, and by whom. replicas_solver.go answers HTTP-01 and TLS-ALPN-01
//     challenges, with the help of presence.go.
//   - store.go keeps the state in Secrets. working_secrets.go is the cache that replicas answer challenges from.
//
// The steps get help from siblings.go, pending_key.go, pause.go, backoff.go, spec.go and account_store.go. former.go
// reads what an earlier version has kept. acme_options.go and metrics.go explain themselves.
package orders
