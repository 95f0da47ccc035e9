// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// finding is what is wrong with an object, or with a part of it. Its zero value is for nothing.
type finding struct{ reason, text string }

// add adds what else is wrong. The first reason stays. A condition's message may not be of any length, and people read
// far less.
func (f *finding) add(reason, text string) {
	const enough, more = 4 << 10, "; and more"
	switch {
	case f.reason == "":
		*f = finding{reason, text}
	case len(f.text) < enough:
		f.text += "; " + text
	case !strings.HasSuffix(f.text, more):
		f.text += more
	}
}

// listener is one listener of a Gateway of ours, or of a ListenerSet that is attached to one.
type listener struct {
	// holder is the object that it is written in. What it refers to is in that object's namespace, or granted to it.
	holder Key
	// gateway is that object, or the Gateway that it is attached to.
	gateway *gateway
	spec    *gatewayv1.Listener
	// name is the name of its hosts. tls is set if its connections are TLS.
	name string
	tls  bool
	// kinds are the kinds of routes that it takes.
	kinds []string
	// refused, conflict and unresolved are the reasons against the conditions Accepted, Conflicted and ResolvedRefs.
	refused, conflict, unresolved finding
	// certificates are the Secrets that it may refer to.
	certificates []types.NamespacedName
	// clients is what its clients have to prove. Nil for nothing.
	clients *rules.Clients
	// served are its listeners in the data plane, one for each of the Gateway's addresses. There are none if it is refused
	// or in conflict.
	served []*rules.Listener
	// waits is why its port is not opened yet that its Gateway's Service is to lead to.
	waits finding
	// attached counts the routes that are attached to it. taken are their hosts, by the kind of the route.
	attached int32
	taken    map[string]*hostSet
}

// readListeners reads the listeners of one object, each for itself. They are a Gateway's.
func readListeners(holder Key, gateway *gateway, specs []gatewayv1.Listener, grants grants) []*listener {
	list := make([]*listener, len(specs))
	for i := range specs {
		spec := &specs[i]
		l := &listener{holder: holder, gateway: gateway, spec: spec, name: canonicalName(or(spec.Hostname, ""))}
		list[i] = l
		switch spec.Protocol {
		case gatewayv1.HTTPProtocolType:
		case gatewayv1.HTTPSProtocolType:
			l.tls = true
			l.readCertificates(grants)
			l.readClients(gateway.Gateway, grants)
		default:
			l.refused = finding{string(gatewayv1.ListenerReasonUnsupportedProtocol), "protocol " + rules.Quote(string(spec.Protocol)) +
				" is not supported: write HTTP or HTTPS"}
			if spec.AllowedRoutes != nil && len(spec.AllowedRoutes.Kinds) > 0 {
				l.unresolve(gatewayv1.ListenerReasonInvalidRouteKinds, "a listener of this protocol takes no routes: leave allowedRoutes.kinds out")
			}
			continue
		}
		l.readKinds()
	}
	noteConflicts(list)
	return list
}

// readKinds reads which kinds of routes a listener takes.
func (l *listener) readKinds() {
	if l.spec.AllowedRoutes == nil || len(l.spec.AllowedRoutes.Kinds) == 0 {
		l.kinds = httpKinds
		return
	}
	var unknown []string
	for i := range l.spec.AllowedRoutes.Kinds {
		kind := &l.spec.AllowedRoutes.Kinds[i]
		switch {
		case or(kind.Group, gatewayv1.GroupName) != gatewayv1.GroupName || !slices.Contains(httpKinds, string(kind.Kind)):
			unknown = append(unknown, string(kind.Kind))
		case !slices.Contains(l.kinds, string(kind.Kind)):
			l.kinds = append(l.kinds, string(kind.Kind))
		}
	}
	if len(unknown) > 0 {
		l.unresolve(gatewayv1.ListenerReasonInvalidRouteKinds, "allowedRoutes.kinds has "+rules.ListNames(unknown)+
			", which the listener cannot take: write "+strings.Join(httpKinds, " or "))
	}
}

// readCertificates reads which Secrets a listener has its certificates from. One that it may not refer to is left out.
func (l *listener) readCertificates(grants grants) {
	tls := l.spec.TLS
	if tls == nil || len(tls.CertificateRefs) == 0 {
		l.unresolve(gatewayv1.ListenerReasonInvalidCertificateRef, "there is no certificate: write tls.certificateRefs")
		return
	}
	if or(tls.Mode, gatewayv1.TLSModeTerminate) != gatewayv1.TLSModeTerminate {
		l.refused = finding{string(gatewayv1.ListenerReasonUnsupportedValue), "tls.mode of a listener of protocol HTTPS is Terminate"}
		return
	}
	for i := range tls.CertificateRefs {
		ref := &tls.CertificateRefs[i]
		at := types.NamespacedName{Namespace: string(or(ref.Namespace, gatewayv1.Namespace(l.holder.Namespace))), Name: string(ref.Name)}
		switch {
		case !isSecret(ref):
			l.unresolve(gatewayv1.ListenerReasonInvalidCertificateRef, "certificateRefs has the "+rules.Clip(string(or(ref.Kind, "Secret")))+
				" "+rules.Clip(at.Name)+", and certificates are in Secrets of the core group: write the name of one")
		case !grants.permit(reference{l.holder.Kind, l.holder.Namespace, "", "Secret", at.Namespace, at.Name}):
			l.unresolve(gatewayv1.ListenerReasonRefNotPermitted, "Secret "+rules.Clip(at.String())+
				" is in another namespace, and no ReferenceGrant there lets "+l.holder.Kind+"s of this one refer to it: make one")
		default:
			l.certificates = append(l.certificates, at)
		}
	}
}

// unresolve notes what a listener refers to in vain. The first reason stays.
func (l *listener) unresolve(reason gatewayv1.ListenerConditionReason, text string) {
	l.unresolved.add(string(reason), text)
}

// noteConflicts notes which listeners of one object cannot be told apart. None of them is served: the API allows no
// winner.
func noteConflicts(list []*listener) {
	for i, l := range list {
		for _, o := range list[:i] {
			if l.spec.Port != o.spec.Port || l.refused.reason != "" || o.refused.reason != "" {
				continue
			}
			at := " at port " + strconv.Itoa(int(l.spec.Port))
			switch {
			case l.tls != o.tls:
				f := finding{string(gatewayv1.ListenerReasonProtocolConflict), "listeners " + rules.Clip(string(o.spec.Name)) + " and " +
					rules.Clip(string(l.spec.Name)) + at + " have different protocols: choose one, or another port"}
				l.conflict, o.conflict = f, f
			case l.name == o.name:
				f := finding{string(gatewayv1.ListenerReasonHostnameConflict), "listeners " + rules.Clip(string(o.spec.Name)) + " and " +
					rules.Clip(string(l.spec.Name)) + at + " have the same hostname: choose another one"}
				l.conflict, o.conflict = f, f
			}
		}
	}
}

// Each port of a listener is a socket of every replica, and the ports of a machine are everybody's.
const (
	// MaxPorts is how many different ports listeners may have opened in all.
	MaxPorts = 64
	// MaxPortsPerNamespace is at how many of them the listeners of one namespace may be the first.
	MaxPortsPerNamespace = 32
)

// sockets are the addresses that listeners have so far.
type sockets struct {
	at map[netip.AddrPort]*socket
	// ports has the ports of these. by counts those that the listeners of a namespace were the first at.
	ports map[gatewayv1.PortNumber]bool
	by    map[string]int
}

func newSockets() *sockets {
	return &sockets{at: make(map[netip.AddrPort]*socket), ports: make(map[gatewayv1.PortNumber]bool), by: make(map[string]int)}
}

// socket is one address, with the listeners there.
type socket struct {
	// first is the object whose listener was the first there.
	first Key
	tls   bool
	// by has the listeners by their names.
	by map[string]*listener
}

// open gives a listener its addresses. Of two that want the same hosts at one address, or that speak different
// protocols there, the first has them. So they come in the order of byRight.
func (s *sockets) open(l *listener, of *addresses) {
	if l.conflict.reason != "" {
		return
	}
	if l.refused.reason != "" {
		s.noteProtocol(l, of)
		return
	}
	if of.service == nil { // Those with Services of their own have other bounds.
		if l.refused = s.tooMany(l); l.refused.reason != "" {
			return
		}
	}
	for _, address := range of.list {
		port, waits := of.portFor(l.spec.Port)
		if waits.reason != "" {
			l.waits = waits
			continue
		}
		at := netip.AddrPortFrom(address, port)
		there := s.at[at]
		if there == nil {
			there = &socket{first: l.holder, tls: l.tls, by: make(map[string]*listener)}
			s.at[at] = there
		}
		switch {
		case there.tls != l.tls:
			l.conflict = l.precededBy(gatewayv1.ListenerReasonProtocolConflict, "another protocol", "another port", of)
		case there.by[l.name] != nil:
			l.conflict = l.precededBy(gatewayv1.ListenerReasonHostnameConflict, "the same hostname", "another port or hostname", of)
		default:
			served := &rules.Listener{ID: l.id(), Address: at, TLS: l.tls, Name: l.name, Certificates: l.certificates, Clients: l.clients}
			if of.service != nil {
				served.Port, served.Owner = uint16(l.spec.Port), string(l.gateway.UID)
			}
			there.by[l.name] = l
			l.served = append(l.served, served)
		}
	}
}

// tooMany returns why the port of a listener is not opened: there are too many already. Otherwise it counts the port.
func (s *sockets) tooMany(l *listener) finding {
	port, namespace := l.spec.Port, l.holder.Namespace
	if s.ports[port] {
		return finding{}
	}
	text := ""
	switch {
	case s.by[namespace] == MaxPortsPerNamespace:
		text = "the Gateways and ListenerSets of a namespace may have " + strconv.Itoa(MaxPortsPerNamespace) + " ports opened, and older ones have as many"
	case len(s.ports) == MaxPorts:
		text = "all Gateways together may have " + strconv.Itoa(MaxPorts) + " ports opened, and older ones have as many"
	default:
		s.ports[port] = true
		s.by[namespace]++
		return finding{}
	}
	return finding{string(gatewayv1.ListenerReasonPortUnavailable), "port " + strconv.Itoa(int(port)) + " is not opened: " + text +
		": choose a port that one of them has"}
}

// noteProtocol notes a conflict of a listener that is not served with what another object has at its port. A protocol
// over UDP is in no one's way.
func (s *sockets) noteProtocol(l *listener, of *addresses) {
	if l.refused.reason != string(gatewayv1.ListenerReasonUnsupportedProtocol) || l.spec.Protocol == gatewayv1.UDPProtocolType {
		return
	}
	port, _ := of.portFor(l.spec.Port)
	for _, address := range of.list {
		if there := s.at[netip.AddrPortFrom(address, port)]; there != nil && there.first != l.holder {
			l.conflict = l.precededBy(gatewayv1.ListenerReasonProtocolConflict, "another protocol", "another port", of)
		}
	}
}

// precededBy returns the conflict of a listener with one that comes before it. It says nothing of that one's object,
// which may be another namespace's.
func (l *listener) precededBy(reason gatewayv1.ListenerConditionReason, has, choose string, of *addresses) finding {
	text := "a listener that comes before this one has " + has + " at port " + strconv.Itoa(int(l.spec.Port))
	if of.shared {
		text += ", where Gateways share the controller's addresses"
	}
	return finding{string(reason), text + ": choose " + choose}
}

// id tells a listener from all others.
func (l *listener) id() string {
	id := l.holder.Namespace + "/" + l.holder.Name + "/" + string(l.spec.Name)
	if l.holder.Kind != GatewayKind {
		return strings.ToLower(l.holder.Kind) + "/" + id
	}
	return id
}

// owner returns the listener at an address that a host belongs to: the one with the most specific name for it.
func (s *sockets) owner(at netip.AddrPort, host string) *listener {
	var owner *listener
	for name, l := range s.at[at].by {
		if rules.Covers(name, host) && (owner == nil || moreSpecific(name, owner.name)) {
			owner = l
		}
	}
	return owner
}
