// SPDX-License-Identifier: Apache-2.0

// Package ingresses writes the statuses of both kinds of Ingress, that of this API and that of networking.k8s.io, and
// makes the TLSCertificates that they ask for. It learns from the snapshots what to say of an Ingress. It does not know
// how a certificate is ordered.
//
// Read in this order: controller.go (the status of this API's Ingress), laggards.go (why it waits for other replicas),
// standard_controller.go (the other kind's status, and its events), autossl.go (TLSCertificates for this API's
// Ingress), standard_autossl.go (for the other kind).
package ingresses
