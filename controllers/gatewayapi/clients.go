// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// validation returns what a Gateway's author says about the certificates of clients at a port, nil for nothing.
func validation(of *gatewayv1.Gateway, port gatewayv1.PortNumber) *gatewayv1.FrontendTLSValidation {
	if of.Spec.TLS == nil || of.Spec.TLS.Frontend == nil {
		return nil
	}
	frontend := of.Spec.TLS.Frontend
	for i := range frontend.PerPort {
		if frontend.PerPort[i].Port == port {
			return frontend.PerPort[i].TLS.Validation
		}
	}
	return frontend.Default.Validation
}

// admitsAnybody returns whether clients without a valid certificate are let in at some port where one is asked for.
func admitsAnybody(of *gatewayv1.Gateway) bool {
	if of.Spec.TLS == nil || of.Spec.TLS.Frontend == nil {
		return false
	}
	admits := func(v *gatewayv1.FrontendTLSValidation) bool {
		return v != nil && v.Mode == gatewayv1.AllowInsecureFallback
	}
	for i := range of.Spec.TLS.Frontend.PerPort {
		if admits(of.Spec.TLS.Frontend.PerPort[i].TLS.Validation) {
			return true
		}
	}
	return admits(of.Spec.TLS.Frontend.Default.Validation)
}

// readClients reads what the clients of a listener have to prove. The references are the Gateway's, whoever holds the
// listener. Without any that it may make, no client is let in.
func (l *listener) readClients(of *gatewayv1.Gateway, grants grants) {
	v := validation(of, l.spec.Port)
	if v == nil {
		return
	}
	l.clients = &rules.Clients{Optional: v.Mode == gatewayv1.AllowInsecureFallback}
	for i := range v.CACertificateRefs {
		ref := &v.CACertificateRefs[i]
		name, ok := authorityName(ref.Group, ref.Kind, string(or(ref.Namespace, gatewayv1.Namespace(of.Namespace))), ref.Name)
		switch {
		case !ok:
			l.unresolve(gatewayv1.ListenerReasonInvalidCACertificateKind, notAuthority(ref.Kind, ref.Name))
		case !grants.permit(reference{GatewayKind, of.Namespace, "", string(ref.Kind), name.Namespace, name.Name}):
			l.unresolve(gatewayv1.ListenerReasonRefNotPermitted, name.String()+
				" is in another namespace, and no ReferenceGrant there lets Gateways of this one refer to it: make one")
		default:
			l.clients.Authorities = append(l.clients.Authorities, name)
		}
	}
}

// authorityName returns the name of an object with authorities. ok is false if there are none in objects of its kind.
func authorityName(group gatewayv1.Group, kind gatewayv1.Kind, namespace string, name gatewayv1.ObjectName) (n rules.AuthorityName, ok bool) {
	n = rules.AuthorityName{ConfigMap: kind == "ConfigMap", NamespacedName: types.NamespacedName{Namespace: namespace, Name: string(name)}}
	return n, group == "" && (n.ConfigMap || kind == "Secret")
}

// notAuthority says why a reference to an object of some kind is of no use.
func notAuthority(kind gatewayv1.Kind, name gatewayv1.ObjectName) string {
	return "caCertificateRefs has the " + rules.Clip(string(kind)) + " " + rules.Clip(string(name)) +
		", and authorities are in ConfigMaps of the core group, under ca.crt: write the name of one"
}

// authorityFaults returns why authorities cannot be used. all is set if that is so of all of them.
func authorityFaults(names []rules.AuthorityName, known translate.KnownAuthorities) (faults []string, all bool) {
	for _, name := range names {
		if fault := known.Fault(name); fault != "" {
			faults = append(faults, fault)
		}
	}
	return faults, len(faults) == len(names)
}
