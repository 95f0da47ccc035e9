// SPDX-License-Identifier: Apache-2.0

// Package hosts knows which namespace each host belongs to. The first namespace to name a host has it, for as long as
// one of its rules names it. ConfigMaps in the controller's namespace record that. The package does not know what is
// served under a host: it is given the Ingresses that name hosts, and says whose each host is.
//
// Read in this order: claim.go (what is recorded of a host, and in which ConfigMap), hosts.go (how a build settles
// whose each host is), claim_store.go (reading and writing the ConfigMaps), keeper.go (what a control plane does with
// all of this), release.go (how a host is given up), derived.go (the same without a cluster), list.go (what the admin
// address shows), metrics.go (what is counted).
package hosts
