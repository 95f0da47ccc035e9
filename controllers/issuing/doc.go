// SPDX-License-Identifier: Apache-2.0

// Package issuing looks after TLSCertificates. It decides whether a certificate is due and whether this controller
// orders it, and it writes the statuses. Package orders takes the steps of an order.
//
// Read in this order: controller.go (from an event to a step of an order), owner.go (the Ingress that a TLSCertificate
// was made for), writer.go (which controller writes its status), claim.go (which controller orders it), renewals.go
// (when the authority wants a renewal), view.go (what a status says).
package issuing
