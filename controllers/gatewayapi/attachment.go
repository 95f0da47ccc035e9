// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// attachment is a listener that takes a route, with the hosts that the route has there.
type attachment struct {
	*listener
	hosts []rules.Host
	// lost are the names of hosts that it has not: within an address and port, the API gives a host to the listener with
	// the most specific hostname, and that one does not take the route.
	lost []string
	// elsewhere is set if one of those listeners is another Gateway's.
	elsewhere bool
}

// findHosts finds which hosts a route has at the listeners that take it.
func (s *sockets) findHosts(attachments []*attachment, route *Route) {
	for _, p := range attachments {
		for _, served := range p.served {
			for _, name := range hostnames(route.hostnames, p.name) {
				owner := s.owner(served.Address, name)
				switch {
				case owner == p.listener:
					p.hosts = append(p.hosts, rules.Host{Name: name, Where: "spec.hostnames", Listener: served})
				case !slices.ContainsFunc(attachments, func(o *attachment) bool { return o.listener == owner }):
					p.lose(name, owner)
				}
			}
		}
	}
}

func (p *attachment) lose(name string, to *listener) {
	p.elsewhere = p.elsewhere || to.gateway != p.gateway
	if !slices.Contains(p.lost, name) {
		p.lost = append(p.lost, name)
	}
}

// overshadowed returns whether other listeners have all hosts of the route there.
func (p *attachment) overshadowed() bool { return len(p.hosts) == 0 && len(p.lost) > 0 }

// refuseIfOvershadowed notes that a route is not attached to a parent if it has no host at any of its listeners.
func (p *parent) refuseIfOvershadowed() {
	if len(p.attachments) > 0 && !slices.ContainsFunc(p.attachments, func(o *attachment) bool { return !o.overshadowed() }) {
		p.refused = finding{string(gatewayv1.RouteReasonNoMatchingListenerHostname), p.lost()}
	}
}

// lost says which hosts of a route go to others, empty for none. It does not say whose these are.
func (p *parent) lost() string {
	var names []string
	elsewhere := false
	for _, at := range p.attachments {
		elsewhere = elsewhere || at.elsewhere
		for _, name := range at.lost {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	text := "requests for " + rules.ListNames(names) + " go to "
	if elsewhere {
		return text + "listeners with more specific hostnames, some of other Gateways that share the address: " +
			"give a listener of this Gateway the hostname, and the older Gateway has it"
	}
	return text + "listeners of this Gateway with more specific hostnames: attach the route to these"
}
