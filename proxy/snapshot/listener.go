// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"errors"
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

// inspectNames returns what is wrong with the names of the listeners that differ, or nil. If certificates differ, it
// looks at those of all listeners.
func (s *Snapshot) inspectNames(c *Changes) error {
	var listeners []*Listener
	if c.Certificates != nil {
		for i := range s.Listeners {
			listeners = append(listeners, &s.Listeners[i])
		}
	} else {
		for i := range c.Listeners {
			if l := c.Listeners[i].After; l != nil {
				listeners = append(listeners, l)
			}
		}
	}
	var there map[string]bool
	for _, l := range listeners {
		if there == nil && len(l.Names) > 0 {
			there = make(map[string]bool, len(s.Certificates))
			for i := range s.Certificates {
				there[s.Certificates[i].ID] = true
			}
		}
		if err := l.inspectNames(there); err != nil {
			return fmt.Errorf("listener %q: %w", l.Address, err)
		}
	}
	return nil
}

// inspectNames returns what is wrong with the names of the listener, or nil. there has the ids of all certificates.
func (l *Listener) inspectNames(there map[string]bool) error {
	if !l.TLS && len(l.Names) > 0 {
		return errors.New("it has certificates, and no TLS")
	}
	for i := range l.Names {
		n := &l.Names[i]
		if i > 0 {
			if err := inOrder("name", l.Names[i-1].Name, n.Name); err != nil {
				return err
			}
		}
		if n.Clients.Optional && n.Clients.Authorities == "" {
			return fmt.Errorf("name %q asks for certificates of no authority", n.Name)
		}
		for _, id := range n.Certificates {
			if !there[id] {
				return fmt.Errorf("name %q: there is no certificate %q", n.Name, id)
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
