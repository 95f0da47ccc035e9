// SPDX-License-Identifier: Apache-2.0

// Package replicas knows the replicas of the controller, this process among them, and which other controllers serve
// objects of the same namespaces: each tells of itself in a Lease. From the Leases follows which replicas take
// requests, which of them serve another generation of an Ingress, and which controller writes an object's status. The
// package does not know what is served: it is told UIDs and generations.
//
// Read replica.go and standing.go first, which are what a Lease says, then sightings.go and replicas.go for the
// replicas of one controller, announcer.go and served_digest.go for what they tell, and claimants.go and peers.go for
// several controllers. config.go, metrics.go and contact.go, which is with the Kubernetes API, explain themselves.
package replicas
