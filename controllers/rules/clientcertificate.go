// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/clientcert"
)

// ClientCertificate is what an object has the clients of hosts show. It holds for all rules of these hosts, those of
// other objects too.
type ClientCertificate struct {
	// Hosts are those hosts. A wildcard that is no host stands for the object's own below it. Empty stands for all of the
	// object's own.
	Hosts []string
	// Authorities are those that certificates may come from. Revocations names the object with the lists of what they have
	// revoked. Without a name, that is the one that Authorities names, if it has lists.
	Authorities, Revocations AuthorityName
	// Depth is how many certificates may stand between the client's and the authority's.
	Depth int
	// Subjects, SubjectPattern and AltNames are as in [clientcert.Terms].
	Subjects       []string
	SubjectPattern string
	AltNames       []string
	// Optional lets in clients that show none, and Unverified those whose certificate leads to no authority.
	Optional, Unverified bool
	// Forward is how backends are told.
	Forward clientcert.Form
	// Status is that of the answer to clients that are not let in, and ErrorPage a URL that they are sent to. Empty for
	// the usual.
	Status    int
	ErrorPage string
	// OldestHolds has the oldest object decide if others that say so want something else for a host. Otherwise nobody gets
	// in then.
	OldestHolds bool
	// Fault says why nobody gets in, for the author. Empty for nothing.
	Fault string
}

// Agrees returns whether two ask for the same, of whichever hosts.
func (c *ClientCertificate) Agrees(o *ClientCertificate) bool {
	return c.Authorities == o.Authorities && c.Revocations == o.Revocations && c.Depth == o.Depth && slices.Equal(c.Subjects, o.Subjects) &&
		c.SubjectPattern == o.SubjectPattern && slices.Equal(c.AltNames, o.AltNames) && c.Optional == o.Optional && c.Unverified == o.Unverified &&
		c.Forward == o.Forward && c.Status == o.Status && c.ErrorPage == o.ErrorPage && c.OldestHolds == o.OldestHolds && c.Fault == o.Fault
}
