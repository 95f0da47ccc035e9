// SPDX-License-Identifier: Apache-2.0

// Package hosts knows which namespace each host belongs to. Who is first has it, on record in ConfigMaps of the
// controller's namespace, for as long as a rule of the namespace names it. The package does not know what is served of
// a host: it is told the Ingresses that name it, and says whose it is.
//
// Read hosts.go first, then claim.go and claim_store.go for the record, keeper.go for what a control plane does with
// it, and release.go for how a host is given up; list.go and metrics.go are for people who look.
package hosts
