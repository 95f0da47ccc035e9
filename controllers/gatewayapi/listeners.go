// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"net/netip"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// finding is what is wrong with an object, or with a part of it. Its zero value is for nothing.
type finding struct{ reason, text string }

// listener is one listener of a Gateway of ours.
type listener struct {
	gateway *gatewayv1.Gateway
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
	// served are its listeners in the data plane, one for each of the Gateway's addresses. There are none if it is refused
	// or in conflict.
	served []*rules.Listener
	// attached counts the routes that are attached to it.
	attached int32
}

// readListeners reads the listeners of a Gateway, each for itself.
func readListeners(gateway *gatewayv1.Gateway, grants grants) []*listener {
	list := make([]*listener, len(gateway.Spec.Listeners))
	for i := range gateway.Spec.Listeners {
		spec := &gateway.Spec.Listeners[i]
		l := &listener{gateway: gateway, spec: spec, name: canonicalName(or(spec.Hostname, ""))}
		list[i] = l
		switch spec.Protocol {
		case gatewayv1.HTTPProtocolType:
		case gatewayv1.HTTPSProtocolType:
			l.tls = true
			l.readCertificates(grants)
		default:
			l.refused = finding{string(gatewayv1.ListenerReasonUnsupportedProtocol), "protocol " + rules.Quote(string(spec.Protocol)) +
				" is not supported: write HTTP or HTTPS"}
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
		l.kinds = []string{HTTPRouteKind}
		return
	}
	var unknown []string
	for i := range l.spec.AllowedRoutes.Kinds {
		kind := &l.spec.AllowedRoutes.Kinds[i]
		switch {
		case or(kind.Group, gatewayv1.GroupName) != gatewayv1.GroupName || kind.Kind != HTTPRouteKind:
			unknown = append(unknown, string(kind.Kind))
		case !slices.Contains(l.kinds, string(kind.Kind)):
			l.kinds = append(l.kinds, string(kind.Kind))
		}
	}
	if len(unknown) > 0 {
		l.unresolve(gatewayv1.ListenerReasonInvalidRouteKinds, "allowedRoutes.kinds has "+rules.ListNames(unknown)+
			", which the listener cannot take: write "+HTTPRouteKind)
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
		at := types.NamespacedName{Namespace: string(or(ref.Namespace, gatewayv1.Namespace(l.gateway.Namespace))), Name: string(ref.Name)}
		switch {
		case !isSecret(ref):
			l.unresolve(gatewayv1.ListenerReasonInvalidCertificateRef, "certificateRefs has the "+rules.Clip(string(or(ref.Kind, "Secret")))+
				" "+rules.Clip(at.Name)+", and certificates are in Secrets of the core group: write the name of one")
		case !grants.permit(reference{GatewayKind, l.gateway.Namespace, "", "Secret", at.Namespace, at.Name}):
			l.unresolve(gatewayv1.ListenerReasonRefNotPermitted, "Secret "+rules.Clip(at.String())+
				" is in another namespace, and no ReferenceGrant there lets Gateways of this one refer to it: make one")
		default:
			l.certificates = append(l.certificates, at)
		}
	}
}

// unresolve notes what a listener refers to in vain. The first reason stays.
func (l *listener) unresolve(reason gatewayv1.ListenerConditionReason, text string) {
	if l.unresolved.reason == "" {
		l.unresolved = finding{string(reason), text}
	} else {
		l.unresolved.text += "; " + text
	}
}

// noteConflicts notes which listeners of one Gateway cannot be told apart. None of them is served: the API allows no
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

// sockets are the addresses that listeners have so far.
type sockets map[netip.AddrPort]*socket

// socket is one address, with the listeners there.
type socket struct {
	tls bool
	// by has the listeners by their names.
	by map[string]*rules.Listener
}

// open gives a listener its addresses. Of two Gateways that want the same hosts at one address, or that speak different
// protocols there, the older one has them. So listeners of older Gateways come first.
func (s sockets) open(l *listener, of *addresses) {
	if l.refused.reason != "" || l.conflict.reason != "" {
		return
	}
	id := l.gateway.Namespace + "/" + l.gateway.Name + "/" + string(l.spec.Name)
	for _, address := range of.list {
		at := netip.AddrPortFrom(address, uint16(l.spec.Port))
		there := s[at]
		if there == nil {
			there = &socket{tls: l.tls, by: make(map[string]*rules.Listener)}
			s[at] = there
		}
		why := ", where Gateways share the controller's addresses: choose another port"
		switch {
		case there.tls != l.tls:
			l.conflict = finding{string(gatewayv1.ListenerReasonProtocolConflict), "an older Gateway has another protocol at port " +
				strconv.Itoa(int(l.spec.Port)) + why}
		case there.by[l.name] != nil:
			l.conflict = finding{string(gatewayv1.ListenerReasonHostnameConflict), "an older Gateway has the same hostname at port " +
				strconv.Itoa(int(l.spec.Port)) + why + " or hostname"}
		default:
			served := &rules.Listener{ID: id, Address: at, TLS: l.tls, Name: l.name, Certificates: l.certificates}
			there.by[l.name] = served
			l.served = append(l.served, served)
		}
	}
}

// owner returns the listener at an address that a host belongs to: the one with the most specific name for it.
func (s sockets) owner(at netip.AddrPort, host string) *rules.Listener {
	var owner *rules.Listener
	for name, l := range s[at].by {
		if rules.Covers(name, host) && (owner == nil || moreSpecific(name, owner.Name)) {
			owner = l
		}
	}
	return owner
}
