// SPDX-License-Identifier: Apache-2.0

// Package ingresses writes the statuses of Ingresses of both kinds, that of this API and that of networking.k8s.io, and
// has the TLSCertificates made that they ask for. What is to be said of an Ingress it learns from the snapshots. It
// does not know how a certificate is ordered.
//
// Read controller.go first, with laggards.go for what it waits for, then standard_controller.go, autossl.go and
// standard_autossl.go.
package ingresses
