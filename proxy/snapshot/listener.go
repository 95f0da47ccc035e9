// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"fmt"
	"net/netip"
)

// Listener is an address at which connections are taken, besides those that the proxy is started with. A connection to
// it meets its hosts alone, and no others meet them.
//
// With TLS, a host belongs to the most specific name that covers it. So does the server name of a connection. A request
// for a host of another name than its connection's is answered with MisdirectedRequest: the handshake was under that
// other name's terms.
type Listener struct {
	// Address is where connections go to. Its port is not 0. An unspecified IP stands for all addresses of the machine.
	Address netip.AddrPort
	// Port is the port that clients know, if something between them and Address has another one. Otherwise it is 0.
	Port uint16
	// Owner is whose the address is, if it belongs to one alone. A connection never meets the hosts of another owner than
	// that of the listener that it came to, even if the address is that owner's now.
	Owner string
	// TLS is set if its connections are TLS.
	TLS bool
	// Names are the names that connections are taken for, sorted by Name. Each occurs once. There are none without TLS.
	Names []ServedName
	// Hosts are as in a [Snapshot]. A wildcard stands for one or more labels. Of several wildcards over a name, the
	// longest is the most specific.
	Hosts []Host
}

// ServedName is a name that a listener takes connections for.
type ServedName struct {
	// Name is exact, a wildcard for one or more labels, or "" for every other name and for clients that send none.
	Name string
	// Certificates are ids of the snapshot's Certificates, in the order of preference. Without any, every handshake for
	// the name is refused, and no less specific name takes it.
	Certificates []string
	// Clients is what clients have to prove.
	Clients ClientCertificates
}

// ClientCertificates is what clients have to prove in a handshake. The zero value is nothing.
type ClientCertificates struct {
	// Authorities are certificates in PEM. A client's certificate has to lead to one of them.
	Authorities string
	// Optional takes clients that prove nothing too. It asks them for a certificate, and does not look at it.
	Optional bool
}

// ClientPort returns the port that clients connect to.
func (l *Listener) ClientPort() uint16 {
	if l.Port != 0 {
		return l.Port
	}
	return l.Address.Port()
}

// Equal says whether two listeners serve the same at the same address.
func (l Listener) Equal(o Listener) bool { return l.equal(&o) }

func (l *Listener) equal(o *Listener) bool {
	return l.equalHead(o) && equalLists(l.Names, o.Names, (*ServedName).equal) && equalLists(l.Hosts, o.Hosts, (*Host).equal)
}

// equalHead says whether two listeners are the same but for their names and hosts.
func (l *Listener) equalHead(o *Listener) bool {
	return l.Address == o.Address && l.Port == o.Port && l.Owner == o.Owner && l.TLS == o.TLS
}

// Equal says whether the same certificates are served for the same name, and the same asked for.
func (n ServedName) Equal(o ServedName) bool { return n.equal(&o) }

func (n *ServedName) equal(o *ServedName) bool {
	return n.Name == o.Name && n.Clients == o.Clients && equalValues(n.Certificates, o.Certificates)
}

// inspectListener returns what is wrong with a listener, or nil. It does not look at its names and hosts.
func (s *Snapshot) inspectListener(i int) error {
	l := &s.Listeners[i]
	if !l.Address.IsValid() || l.Address.Port() == 0 {
		return fmt.Errorf("a listener has the address %q, at which nothing can connect", l.Address)
	}
	if i > 0 {
		switch order := s.Listeners[i-1].Address.Compare(l.Address); {
		case order == 0:
			return fmt.Errorf("listener %q occurs twice", l.Address)
		case order > 0:
			return fmt.Errorf("listeners are not sorted: %q follows %q", l.Address, s.Listeners[i-1].Address)
		}
	}
	return nil
}

// inspectAsking returns an error if one of a listener's hosts that are new or differ asks for certificates.
func inspectAsking(hosts []Change[Host]) error {
	for i := range hosts {
		if h := hosts[i].After; h != nil && h.Clients != nil {
			return fmt.Errorf("host %q asks for certificates, as only names of listeners do", h.Name)
		}
	}
	return nil
}

// inspectNames returns what is wrong with the names of the listeners that differ, or nil. Of the others, it looks for
// certificates that are gone.
func (s *Snapshot) inspectNames(c *Changes) error {
	changed := make(map[netip.AddrPort]bool, len(c.Listeners))
	var there map[string]bool
	for i := range c.Listeners {
		l := &c.Listeners[i]
		if l.After == nil || l.Before != nil && !l.Names && l.Before.equalHead(l.After) {
			continue
		}
		changed[l.After.Address] = true
		if there == nil && len(l.After.Names) > 0 {
			there = make(map[string]bool, len(s.Certificates))
			for j := range s.Certificates {
				there[s.Certificates[j].ID] = true
			}
		}
		if err := l.After.inspectNames(func(id string) bool { return there[id] }); err != nil {
			return err
		}
	}
	gone := c.Certificates.gone()
	if len(gone) == 0 {
		return nil
	}
	for i := range s.Listeners {
		if l := &s.Listeners[i]; !changed[l.Address] {
			if err := l.inspectNames(func(id string) bool { return !gone[id] }); err != nil {
				return err
			}
		}
	}
	return nil
}

// inspectNames returns what is wrong with the names of the listener, or nil. there says whether there is a certificate.
func (l *Listener) inspectNames(there func(id string) bool) error {
	if !l.TLS && len(l.Names) > 0 {
		return fmt.Errorf("listener %q: it has certificates, and no TLS", l.Address)
	}
	for i := range l.Names {
		n := &l.Names[i]
		if i > 0 {
			if err := inOrder("name", l.Names[i-1].Name, n.Name); err != nil {
				return fmt.Errorf("listener %q: %w", l.Address, err)
			}
		}
		if n.Clients.Optional && n.Clients.Authorities == "" {
			return fmt.Errorf("listener %q: name %q asks for certificates of no authority", l.Address, n.Name)
		}
		for _, id := range n.Certificates {
			if !there(id) {
				return fmt.Errorf("listener %q: name %q: there is no certificate %q", l.Address, n.Name, id)
			}
		}
	}
	return nil
}

// EachHost calls f with every host: those of the snapshot itself, with nil, and those of each listener.
func (s *Snapshot) EachHost(f func(at *Listener, h *Host)) {
	for i := range s.Hosts {
		f(nil, &s.Hosts[i])
	}
	for i := range s.Listeners {
		for j := range s.Listeners[i].Hosts {
			f(&s.Listeners[i], &s.Listeners[i].Hosts[j])
		}
	}
}
