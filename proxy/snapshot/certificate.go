// SPDX-License-Identifier: Apache-2.0

package snapshot

// Certificate is a certificate chain with its key, and the names that it is served for.
type Certificate struct {
	// ID is the "namespace/name" of the Secret. It is the same in all snapshots.
	ID string
	// Owner owns the certificate. A certificate for a wildcard is not served for a [Host] below the wildcard that has
	// another owner.
	Owner string
	// Hosts are the names that the certificate is served for, sorted. Each is exact or has a wildcard for one label.
	Hosts []string
	// Chain and Key are PEM. The leaf comes first in the chain.
	Chain, Key string
	// Default is set if the certificate is also served for every name that has none, and to clients that send no name.
	Default bool
}

// Equal says whether two certificates are the same and are served for the same names.
func (c Certificate) Equal(o Certificate) bool { return c.equal(&o) }

func (c *Certificate) equal(o *Certificate) bool {
	return c.ID == o.ID && c.Owner == o.Owner && c.Chain == o.Chain && c.Key == o.Key && c.Default == o.Default &&
		equalValues(c.Hosts, o.Hosts)
}
