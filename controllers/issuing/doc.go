// SPDX-License-Identifier: Apache-2.0

// Package issuing looks after TLSCertificates. It decides whether a certificate is due and whether this controller
// orders it, and it writes the statuses. Package orders takes the steps of an order.
//
// Read controller.go first. owner.go, writer.go and claim.go decide which controller orders a TLSCertificate.
// renewals.go asks the authority when to renew, and view.go is what a status says.
package issuing
