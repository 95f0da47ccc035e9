// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// backendPolicy is a BackendTLSPolicy.
type backendPolicy struct {
	*gatewayv1.BackendTLSPolicy
	terms rules.TLSPolicy
	// invalid and unresolved are the reasons against the conditions Accepted and ResolvedRefs that the policy has by
	// itself. conflict is for one that has to give way to an older one.
	invalid, unresolved, conflict finding
	// gateways are those of ours through which requests come to a Service of the policy.
	gateways []types.NamespacedName
}

// backendPolicies are the BackendTLSPolicies.
type backendPolicies struct {
	list     []*backendPolicy
	services map[types.NamespacedName]*servicePolicies
	// shown has what was made of the policies for a Service and a certificate that is shown to it.
	shown map[[2]types.NamespacedName]*rules.ServiceTLS
	// unreadable is set if there may be policies that are not known. Then no backend gets a request.
	unreadable bool
}

// servicePolicies are the policies for one Service.
type servicePolicies struct {
	// ports and all have the oldest policy for each port and for the others. every has all of them.
	ports map[string]*backendPolicy
	all   *backendPolicy
	every []*backendPolicy
	// gateways are those that requests come to the Service by.
	gateways []types.NamespacedName
}

// readBackendPolicies reads policies. Of several for the same part of a Service the oldest counts.
func readBackendPolicies(objects []*gatewayv1.BackendTLSPolicy) *backendPolicies {
	p := &backendPolicies{services: make(map[types.NamespacedName]*servicePolicies), shown: make(map[[2]types.NamespacedName]*rules.ServiceTLS)}
	oldest := slices.SortedFunc(slices.Values(objects), func(a, b *gatewayv1.BackendTLSPolicy) int { return older(&a.ObjectMeta, &b.ObjectMeta) })
	for _, object := range oldest {
		policy := readBackendPolicy(object)
		p.list = append(p.list, policy)
		for i := range object.Spec.TargetRefs {
			target := &object.Spec.TargetRefs[i]
			if target.Group != "" || target.Kind != "Service" {
				continue
			}
			p.add(types.NamespacedName{Namespace: object.Namespace, Name: string(target.Name)}, string(or(target.SectionName, "")), policy)
		}
	}
	return p
}

// add adds a policy for a Service, or for its port of a name.
func (p *backendPolicies) add(service types.NamespacedName, port string, policy *backendPolicy) {
	of := p.services[service]
	if of == nil {
		of = &servicePolicies{ports: make(map[string]*backendPolicy)}
		p.services[service] = of
	}
	if !slices.Contains(of.every, policy) {
		of.every = append(of.every, policy)
	}
	before := of.all
	if port != "" {
		before = of.ports[port]
	}
	switch {
	case before != nil && before != policy:
		policy.conflict = finding{string(gatewayv1.PolicyReasonConflicted), "the older BackendTLSPolicy " + rules.Clip(before.Name) +
			" is for Service " + rules.Clip(service.Name) + " too: leave it out of one of them"}
	case port != "":
		of.ports[port] = policy
	default:
		of.all = policy
	}
}

// readBackendPolicy reads what a policy wants proven. If that cannot be read, no request is sent to its Services.
func readBackendPolicy(object *gatewayv1.BackendTLSPolicy) *backendPolicy {
	p := &backendPolicy{BackendTLSPolicy: object}
	validation := &object.Spec.Validation
	p.terms = rules.TLSPolicy{Name: object.Name, ServerName: string(validation.Hostname)}
	var names []string
	for i := range validation.SubjectAltNames {
		if name := &validation.SubjectAltNames[i]; name.Type == gatewayv1.URISubjectAltNameType {
			names = append(names, string(name.URI))
		} else {
			names = append(names, string(name.Hostname))
		}
	}
	p.terms.AltNames = strings.Join(names, " ")
	for i := range validation.CACertificateRefs {
		ref := &validation.CACertificateRefs[i]
		if name, ok := authorityName(ref.Group, ref.Kind, object.Namespace, ref.Name); ok {
			p.terms.Authorities = append(p.terms.Authorities, name)
		} else {
			p.unresolved = finding{string(gatewayv1.BackendTLSPolicyReasonInvalidKind), notAuthority(ref.Kind, ref.Name)}
		}
	}
	switch {
	case len(validation.CACertificateRefs) == 0 && or(validation.WellKnownCACertificates, "") != gatewayv1.WellKnownCACertificatesSystem:
		p.invalid = finding{string(gatewayv1.PolicyReasonInvalid), "there are no certificates of authorities " +
			rules.Quote(string(or(validation.WellKnownCACertificates, ""))) + ": write System, or caCertificateRefs"}
	case len(validation.CACertificateRefs) > 0 && len(p.terms.Authorities) == 0:
		p.invalid = finding{string(gatewayv1.BackendTLSPolicyReasonNoValidCACertificate), "no reference of caCertificateRefs is of use"}
	}
	if p.invalid.reason != "" {
		p.terms.Fault = "BackendTLSPolicy " + rules.Clip(object.Name) + ": " + p.invalid.text
	}
	return p
}

// secure returns the rules of a route for requests that come through a Gateway: with what policies say of its backends,
// and the Gateway of the certificate that they are shown.
func (p *backendPolicies) secure(list []rules.Rule, object *rules.Object, g *gateway) []rules.Rule {
	if len(p.list) == 0 && g.backendCertificate.secret.Name == "" && !p.unreadable {
		return list
	}
	secured := slices.Clone(list)
	var before, after []rules.Backend // Rules of one match after the other have the same backends.
	for n := range secured {
		if len(secured[n].Mirrors) > 0 {
			secured[n].Mirrors = slices.Clone(secured[n].Mirrors)
			for i := range secured[n].Mirrors {
				p.secureBackend(&secured[n].Mirrors[i].Backend, object, g)
			}
		}
		if len(secured[n].ErrorPages) > 0 {
			secured[n].ErrorPages = slices.Clone(secured[n].ErrorPages)
			for i := range secured[n].ErrorPages {
				p.secureBackend(&secured[n].ErrorPages[i].Backend, object, g)
			}
		}
		if auth := secured[n].Auth; auth != nil && auth.External != nil {
			asked, external := *auth, *auth.External
			p.secureBackend(&external.Backend, object, g)
			asked.External = &external
			secured[n].Auth = &asked
		}
		backends := secured[n].Backends
		if len(backends) == 0 {
			continue
		}
		if len(before) == 0 || &before[0] != &backends[0] {
			before, after = backends, slices.Clone(backends)
			for i := range after {
				p.secureBackend(&after[i], object, g)
			}
		}
		secured[n].Backends = after
	}
	return secured
}

// The reason of ResolvedRefs of a route whose backends get no request because policies cannot be read, and what is said
// of it. The API has no reason for that.
const (
	reasonPoliciesUnreadable = "BackendTLSPoliciesUnreadable"
	policiesUnreadable       = "no backend gets a request: one may have to be spoken to over TLS, and the controller has no right to read BackendTLSPolicies: " +
		"grant it list and watch on them"
)

// noteUnreadable notes that backends of a route's rules get no request, if that is so.
func (p *backendPolicies) noteUnreadable(list []rules.Rule, unresolved *finding) {
	for n := range list {
		for b := range list[n].EachBackend() {
			if p.unreadable && b.Fault == "" {
				unresolved.add(reasonPoliciesUnreadable, policiesUnreadable)
				return
			}
		}
	}
}

// secureBackend sets what is said of TLS with a backend of an object.
func (p *backendPolicies) secureBackend(b *rules.Backend, object *rules.Object, g *gateway) {
	if p.unreadable && b.Fault == "" {
		b.Fault = policiesUnreadable
	}
	b.ServiceTLS = p.serviceTLS(types.NamespacedName{Namespace: object.NamespaceOf(b), Name: b.Service}, g)
}

// serviceTLS returns what is said of TLS with a Service, nil for nothing. It notes that requests come to it through a
// Gateway.
func (p *backendPolicies) serviceTLS(service types.NamespacedName, g *gateway) *rules.ServiceTLS {
	of := p.services[service]
	if of == nil && g.backendCertificate.secret.Name == "" {
		return nil
	}
	if of != nil && !slices.Contains(of.gateways, g.NamespacedName) {
		of.gateways = append(of.gateways, g.NamespacedName)
		for _, policy := range of.every {
			if !slices.Contains(policy.gateways, g.NamespacedName) {
				policy.gateways = append(policy.gateways, g.NamespacedName)
			}
		}
	}
	key := [2]types.NamespacedName{service, g.backendCertificate.secret}
	made := p.shown[key]
	if made == nil {
		made = &rules.ServiceTLS{ClientCertificate: g.backendCertificate.secret}
		if of != nil {
			if of.all != nil {
				made.All = &of.all.terms
			}
			for port, policy := range of.ports {
				if made.Ports == nil {
					made.Ports = make(map[string]*rules.TLSPolicy)
				}
				made.Ports[port] = &policy.terms
			}
		}
		p.shown[key] = made
	}
	return made
}

// judge returns the verdict of a policy.
func (p *backendPolicy) judge(controller string, known translate.KnownAuthorities) *Verdict {
	v := &Verdict{UID: p.UID, Generation: p.Generation}
	accepted := condition(p.Generation, string(gatewayv1.PolicyConditionAccepted), true, string(gatewayv1.PolicyReasonAccepted), "everything in the object is acted on")
	resolved := condition(p.Generation, string(gatewayv1.BackendTLSPolicyConditionResolvedRefs), true,
		string(gatewayv1.BackendTLSPolicyReasonResolvedRefs), "everything that it refers to is there")
	refuse := func(of *metav1.Condition, why finding) {
		of.Status, of.Reason, of.Message = metav1.ConditionFalse, why.reason, why.text
	}
	faults, all := authorityFaults(p.terms.Authorities, known)
	unresolved := p.unresolved
	if len(faults) > 0 {
		if unresolved.reason != "" {
			faults = append(faults, unresolved.text)
		}
		unresolved.reason = cmp.Or(unresolved.reason, string(gatewayv1.BackendTLSPolicyReasonInvalidCACertificateRef))
		unresolved.text = strings.Join(rules.Bounded(faults), "; ")
	}
	if unresolved.reason != "" {
		refuse(&resolved, unresolved)
	}
	switch {
	case p.conflict.reason != "":
		refuse(&accepted, p.conflict)
	case p.invalid.reason != "":
		refuse(&accepted, p.invalid)
	case len(faults) > 0 && all:
		refuse(&accepted, finding{string(gatewayv1.BackendTLSPolicyReasonNoValidCACertificate), "no request is sent to its Services: " + unresolved.text})
	}
	gateways := slices.SortedFunc(slices.Values(p.gateways), func(a, b types.NamespacedName) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, g := range gateways {
		v.Ancestors = append(v.Ancestors, gatewayv1.PolicyAncestorStatus{
			AncestorRef: gatewayv1.ParentReference{
				Group: new(gatewayv1.Group(gatewayv1.GroupName)), Kind: new(gatewayv1.Kind(GatewayKind)),
				Namespace: new(gatewayv1.Namespace(g.Namespace)), Name: gatewayv1.ObjectName(g.Name),
			},
			ControllerName: gatewayv1.GatewayController(controller), Conditions: []metav1.Condition{accepted, resolved},
		})
	}
	return v
}
