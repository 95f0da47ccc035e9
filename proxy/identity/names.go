// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/tls"
	"strings"
	"unsafe"
)

// Names are the names that a listener takes connections for. A host and a server name belong to the most specific name
// that covers them. It is immutable once it is compiled.
type Names struct {
	exact map[string]*servedName
	// wildcard is keyed by what follows the star, which stands for one or more labels: ".example.com".
	wildcard map[string]*servedName
	// others is for every other name, and for clients that send none. It may be nil.
	others *servedName
	// count is how many names there are. asks is set if clients have to prove something for any of them.
	count int
	asks  bool
}

// servedName is what handshakes for one name come to.
type servedName struct {
	// certificates are in the order of preference. Without any, handshakes are refused.
	certificates []*servedCertificate
	clients      *Clients
}

func newNames() *Names {
	return &Names{exact: make(map[string]*servedName), wildcard: make(map[string]*servedName)}
}

func (n *Names) add(name string, served *servedName) {
	switch suffix, wildcard := strings.CutPrefix(name, "*"); {
	case suffix == "":
		n.others = served
	case wildcard:
		n.wildcard[suffix] = served
	default:
		n.exact[suffix] = served
	}
	n.count++
	n.asks = n.asks || served.clients != nil
}

// of returns what a name in lower case belongs to, nil for nothing.
func (n *Names) of(name string) *servedName {
	if served := n.exact[name]; served != nil {
		return served
	}
	if len(n.wildcard) > 0 {
		for dot := strings.IndexByte(name, '.'); dot > 0; dot = 1 + strings.IndexByte(name[1:], '.') {
			name = name[dot:]
			if served := n.wildcard[name]; served != nil {
				return served
			}
		}
	}
	return n.others
}

// Misdirected says whether a request for a canonical host has come over a connection that was made under other terms
// than the host's. server is the connection's server name, and proven what its client had to prove, both as
// [ServerName] and [Clients.ID] return them. It allocates nothing.
func (n *Names) Misdirected(server, proven string, host []byte) bool {
	if string(host) == server && !n.asks {
		return false
	}
	served := n.of(server)
	if served != nil && served.clients.ID() != proven {
		return true // the terms have changed since
	}
	return n.of(unsafe.String(unsafe.SliceData(host), len(host))) != served
}

// ServerName returns the server name of a handshake, spelled as hosts are.
func ServerName(name string) string { return spelled(name) }

// certificate returns the certificate for a handshake, nil for none.
func (n *Names) certificate(hello *tls.ClientHelloInfo) *servedCertificate {
	if served := n.of(spelled(hello.ServerName)); served != nil {
		return usable(served.certificates, hello)
	}
	return nil
}
