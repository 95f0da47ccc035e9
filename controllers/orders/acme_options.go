// SPDX-License-Identifier: Apache-2.0

package orders

import "github.com/warren-dev/ingress/controllers/acme"

// ACMEOptions say which authority certificates are ordered from, and how.
type ACMEOptions struct {
	// Client talks to the authority, whose directory's URL is Directory.
	Client    *acme.Client
	Directory string
	// Email is the contact where a TLSCertificate names none. Empty for none.
	Email string
	// ExternalAccount names the Secret in Namespace that binds new accounts to an external one. Empty for none.
	ExternalAccount string
	// OrdersPerDay bounds all orders of a day; 0 is no bound.
	OrdersPerDay int
	// HTTPPort is the port of every replica that challenges are looked for at; 0 for that of its own plain requests.
	HTTPPort uint16
	// TrustedProxy says that the replicas take this process for a proxy that has to begin with a PROXY header.
	TrustedProxy bool
}
