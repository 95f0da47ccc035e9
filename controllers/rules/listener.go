// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// Listener is where the requests for a part of an object's hosts come to, if that is not where those of every Ingress
// do. It is immutable.
type Listener struct {
	// ID tells it from all others. A host belongs to the listener with the most specific name for it.
	ID string
	// Address is where the data plane takes its connections. Several listeners may have the same address.
	Address netip.AddrPort
	// Port and Owner are as in a snapshot's listener. Listeners with the same address agree on them.
	Port  uint16
	Owner string
	// TLS is set if its connections are TLS. Listeners with the same address agree on it.
	TLS bool
	// Name is the name of all its hosts: exact, a wildcard for one or more labels, or "" for every name. No two listeners
	// with the same address have the same.
	Name string
	// Certificates are Secrets, in the order of preference. The first that the client can use is served.
	Certificates []types.NamespacedName
	// Clients is what clients have to prove. Nil for nothing.
	Clients *Clients
}

// Clients is what the clients of a listener have to prove.
type Clients struct {
	// Authorities are those that their certificates may come from. If none of them can be read, no client is let in.
	Authorities []AuthorityName
	// Optional lets clients in that prove nothing.
	Optional bool
}

// Address returns the address of the host's listener. It is the zero value for a host of none.
func (h *Host) Address() netip.AddrPort {
	if h.Listener == nil {
		return netip.AddrPort{}
	}
	return h.Listener.Address
}

// Covers returns whether a name stands for all hosts that another one stands for. A wildcard stands for one or more
// labels.
func Covers(name, other string) bool {
	suffix, wildcard := strings.CutPrefix(name, "*")
	return name == "" || name == other || wildcard && strings.HasSuffix(other, suffix)
}
