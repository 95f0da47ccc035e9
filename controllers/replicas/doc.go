// SPDX-License-Identifier: Apache-2.0

// Package replicas knows the replicas of the controller, this process among them, and which other controllers serve
// objects of the same namespaces. Each replica describes itself in a Lease. The Leases tell which replicas take
// requests, which of them serve another generation of an Ingress, and which controller writes an object's status. The
// package does not know what is served: it is given UIDs and generations.
//
// Read in this order: config.go (what a replica is set up with), replica.go and standing.go (what a Lease says of a
// replica and of its controller), served_digest.go (what it says of Ingresses), closed_ports.go (which ports it could
// not open), sightings.go (which replicas are alive), replicas.go (which take requests, and which are behind),
// announcer.go (how this replica writes its Lease), claimants.go (which controllers an Ingress is for), peers.go (which
// controller writes its status), metrics.go (what is counted), contact.go (whether the API answers).
package replicas
