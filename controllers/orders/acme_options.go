// SPDX-License-Identifier: Apache-2.0

package orders

import "github.com/warren-dev/ingress/controllers/acme"

// ACMEOptions say which authority certificates are ordered from, and how.
type ACMEOptions struct {
	// Client talks to the authority. Directory is the URL of the authority's directory.
	Client    *acme.Client
	Directory string
	// Email is the contact of the account. If it is empty, the account has none.
	Email string
	// AccountPerEmail has a TLSCertificate that names another contact ordered by an account of its own.
	AccountPerEmail bool
	// ExternalAccount names the Secret, in the controller's namespace, that binds new accounts to an external one. If it
	// is empty, they are bound to none.
	ExternalAccount string
	// OrdersPerDay is how many orders all TLSCertificates together may place in a day. 0 is no bound.
	OrdersPerDay int
	// HTTPPort is the port at which every replica is asked for answers to challenges. If it is 0, a replica is asked at
	// the port of its plain requests.
	HTTPPort uint16
	// TrustedProxy says that the replicas trust this process as a proxy, and so expect a PROXY header from it.
	TrustedProxy bool
}
