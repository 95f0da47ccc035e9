// SPDX-License-Identifier: Apache-2.0

package snapshot

import "slices"

// Certificate is a certificate chain with its key, and the names that it is served for.
type Certificate struct {
	// ID is stable across snapshots: "namespace/name" of the Secret.
	ID string
	// Owner is whose it is. A wildcard's certificate is not served for a [Host] below it that is another owner's.
	Owner string
	// Hosts are the names, exact or with a wildcard for one label; sorted.
	Hosts []string
	// Chain and Key are PEM, the leaf first in the chain.
	Chain, Key string
	// Default has it served for every name that no certificate has, and to clients that send none.
	Default bool
}

// Equal says whether two certificates are the same and served for the same names.
func (c Certificate) Equal(o Certificate) bool {
	return c.ID == o.ID && c.Owner == o.Owner && c.Chain == o.Chain && c.Key == o.Key && c.Default == o.Default &&
		slices.Equal(c.Hosts, o.Hosts)
}
