// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// site is where connections come to in a generation: a listener of the snapshot, or none of those.
type site struct {
	*routing.Generation
	// listener is nil for what comes to none. number is the listener's, or 0.
	listener *snapshot.Listener
	number   int
	hosts    []snapshot.Host
}

// elsewhere returns the site of what comes to no listener of the snapshot.
func elsewhere(g *routing.Generation) site { return site{Generation: g, hosts: g.Snapshot.Hosts} }

func siteOf(g *routing.Generation, l *snapshot.Listener) site {
	return site{Generation: g, listener: l, number: g.ListenerAt(l.Address), hosts: l.Hosts}
}

// sitesOf returns all sites of a generation: that of no listener, and then those of the listeners by their addresses.
func sitesOf(g *routing.Generation) []site {
	sites := []site{elsewhere(g)}
	for i := range g.Snapshot.Listeners {
		sites = append(sites, siteOf(g, &g.Snapshot.Listeners[i]))
	}
	return sites
}

// siteFor returns where the request of a question goes: to the listener at the port of its URL, or to none if no
// listener has that port. The text is [Question.Listener], which decides among several with the port.
func (a *asked) siteFor(g *routing.Generation, text string) (site, error) {
	address, err := netip.ParseAddr(text)
	if err != nil && text != "" && !strings.Contains(text, "/") {
		return site{}, fmt.Errorf("the listener %q is neither an address nor a Gateway: write 10.0.0.1 or namespace/gateway", text)
	}
	var found []*snapshot.Listener
	for i := range g.Snapshot.Listeners {
		l := &g.Snapshot.Listeners[i]
		at := l.Address.Addr()
		meant := text == "" || at == address || address.IsValid() && at.IsUnspecified() || slices.Contains(gateways(l), text)
		if l.ClientPort() == a.port && meant {
			found = append(found, l)
		}
	}
	switch {
	case len(found) == 0 && text != "":
		return site{}, fmt.Errorf("no listener has port %d of %s: write an address or a Gateway, and a port that it has", a.port, text)
	case len(found) == 0:
		return elsewhere(g), nil
	case len(found) > 1:
		var names []string
		for _, l := range found {
			if at := l.Address.Addr(); !at.IsUnspecified() {
				names = append(names, at.String())
			} else {
				names = append(names, gateways(l)...)
			}
		}
		return site{}, fmt.Errorf("port %d is that of several listeners: name one of %s as the listener's", a.port, strings.Join(names, ", "))
	case found[0].TLS != a.secure:
		return site{}, fmt.Errorf("the listener at %s takes %s alone: write a URL that begins so", found[0].Address, schemeOf(found[0].TLS)+"://")
	}
	return siteOf(g, found[0]), nil
}

// gateways returns the Gateways that have hosts at a listener, as "namespace/gateway", sorted. The owner of a host is
// one section of a Gateway.
func gateways(l *snapshot.Listener) (names []string) {
	for i := range l.Hosts {
		if parts := strings.Split(l.Hosts[i].Owner, "/"); len(parts) > 2 {
			names = append(names, parts[0]+"/"+parts[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func schemeOf(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}

// deep returns whether a wildcard stands for one or more labels here, and not for exactly one.
func (s *site) deep() bool { return s.listener != nil }

// address returns the address of the listener. It is the zero value for none.
func (s *site) address() netip.AddrPort {
	if s.listener == nil {
		return netip.AddrPort{}
	}
	return s.listener.Address
}

func (s *site) router() *routing.Router { return s.At(s.number) }

// named returns the host of a name, or nil.
func (s *site) named(name string) *snapshot.Host {
	i, ok := slices.BinarySearchFunc(s.hosts, name, func(h snapshot.Host, name string) int { return cmp.Compare(h.Name, name) })
	if !ok {
		return nil
	}
	return &s.hosts[i]
}

// names returns the names that a host may be served under, in the order in which the router looks at them.
func (s *site) names(host []byte) []string {
	names := []string{string(host)}
	for rest := string(host); ; {
		dot := strings.IndexByte(rest, '.')
		if dot < 0 || dot == 0 && len(rest) == len(host) {
			break
		}
		names = append(names, "*"+rest[dot:])
		if rest = rest[dot+1:]; !s.deep() {
			break
		}
	}
	if len(host) > 0 {
		names = append(names, "")
	}
	return names
}

// deciding returns the most specific host that a request's host is one of. Its owner decides whose rules are asked. If
// there is none, it returns an empty host.
func (s *site) deciding(host []byte) *snapshot.Host {
	for _, name := range s.names(host) {
		if h := s.named(name); h != nil {
			return h
		}
	}
	return &snapshot.Host{}
}

// shownAt returns a host as text, with the port of its listener if it has one.
func shownAt(name string, at netip.AddrPort) string {
	if !at.IsValid() {
		return explanation.ShownHost(name)
	}
	return explanation.ShownHost(name) + ":" + strconv.Itoa(int(at.Port()))
}
