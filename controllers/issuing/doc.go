// SPDX-License-Identifier: Apache-2.0

// Package issuing looks after TLSCertificates: whether a certificate is due, whether this controller is the one to
// order it, and what is said of it. The steps of an order are taken by package orders.
//
// Read controller.go first, then owner.go, writer.go and claim.go for whose a TLSCertificate is to order, renewals.go
// for what the authority says of renewals, and view.go for what is said.
package issuing
