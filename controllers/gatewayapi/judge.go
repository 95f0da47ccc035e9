// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// Verdict is what the status of one generation of an object has to say. Its conditions have no time, and say that the
// data plane serves what it was given. It is immutable.
type Verdict struct {
	UID        types.UID
	Generation int64
	// Conditions are those of a GatewayClass, of a Gateway, of a ListenerSet or of a RoutePolicy.
	Conditions []metav1.Condition
	// Addresses are a Gateway's own. Everywhere is set if it has none, and shares those of the machine: then clients
	// reach it where they reach all else of the controller.
	Addresses  []gatewayv1.GatewayStatusAddress
	Everywhere bool
	// Service is the one that a Gateway is to have of its own. Nil if it is to have none.
	Service   *ServicePlan
	Listeners []ListenerVerdict
	// ListenerSets is how many are attached to a Gateway.
	ListenerSets int32
	// Parents are a route's.
	Parents []gatewayv1.RouteParentStatus
	// Ancestors are a policy's.
	Ancestors []gatewayv1.PolicyAncestorStatus
	// Users are the routes that use a RoutePolicy.
	Users []v1alpha1.PolicyUser
}

// ListenerVerdict is what the status of a Gateway or of a ListenerSet says of one of its listeners.
type ListenerVerdict struct {
	gatewayv1.ListenerStatus
	// Served are the addresses that the data plane serves it at. It is programmed once these are open.
	Served []netip.AddrPort
}

// Key names an object that has a verdict.
type Key struct {
	Kind string
	types.NamespacedName
}

// known is what the objects were found to hold that others refer to.
type known struct {
	secrets     map[types.NamespacedName]*translate.Secret
	authorities translate.KnownAuthorities
}

// Judge returns a verdict for each object of ours. secrets and authorities are those that the input of the snapshot
// names that has the attached routes. reports are those of that snapshot.
func (a *Attached) Judge(secrets []*translate.Secret, authorities []*translate.Authority, reports []translate.Report) map[Key]*Verdict {
	verdicts := make(map[Key]*Verdict, len(a.classes)+len(a.gateways)+len(a.sets)+len(a.routes)+len(a.policies.list))
	for _, class := range a.classes {
		verdicts[Key{GatewayClassKind, types.NamespacedName{Name: class.Name}}] = &Verdict{
			UID: class.UID, Generation: class.Generation,
			Conditions: []metav1.Condition{
				condition(class.Generation, string(gatewayv1.GatewayClassConditionStatusAccepted), true, string(gatewayv1.GatewayClassReasonAccepted),
					"the controller serves Gateways of this class"),
			},
		}
	}
	known := new(known)
	if len(a.gateways) > 0 || len(a.policies.list) > 0 {
		known.secrets, known.authorities = make(map[types.NamespacedName]*translate.Secret, len(secrets)), translate.NewKnownAuthorities(authorities)
		for _, s := range secrets {
			known.secrets[types.NamespacedName{Namespace: s.Namespace, Name: s.Name}] = s
		}
	}
	for _, p := range a.policies.list {
		verdicts[Key{BackendTLSPolicyKind, types.NamespacedName{Namespace: p.Namespace, Name: p.Name}}] = p.judge(a.controller, known.authorities)
	}
	for i := range a.gateways {
		verdicts[a.gateways[i].Key] = a.gateways[i].judge(known)
	}
	for i := range a.sets {
		s := &a.sets[i]
		v := s.judge(known)
		verdicts[s.Key] = v
		if v.Conditions[0].Status == metav1.ConditionTrue {
			verdicts[s.gateway.Key].ListenerSets++
		}
	}
	for name, policy := range a.routePolicies {
		verdicts[Key{v1alpha1.RoutePolicyKind, name}] = policy.judge()
	}
	unresolved, forbidden := make(map[Key]*metav1.Condition), make(map[Key]*translate.Report)
	for i := range reports {
		if r := &reports[i]; IsRoute(r.Kind) {
			key := Key{r.Kind, types.NamespacedName{Namespace: r.Namespace, Name: r.Name}}
			for n := range r.Conditions {
				switch c := &r.Conditions[n]; {
				case c.Type == v1alpha1.ConditionResolvedRefs:
					unresolved[key] = c
				case c.Type == v1alpha1.ConditionAccepted && c.Reason == v1alpha1.ReasonHostNotAllowed:
					forbidden[key] = r
				}
			}
		}
	}
	for i := range a.routes {
		r := &a.routes[i]
		key := Key{r.object.Kind, types.NamespacedName{Namespace: r.object.Namespace, Name: r.object.Name}}
		verdicts[key] = a.judgeRoute(r, unresolved[key], forbidden[key])
	}
	return verdicts
}

// IsRoute returns whether a kind is one of routes, whose verdicts need the reports on them.
func IsRoute(kind string) bool { return slices.Contains(httpKinds, kind) }

// Equal returns whether two verdicts say the same of the same generation.
func (v *Verdict) Equal(o *Verdict) bool { return reflect.DeepEqual(v, o) }

// condition returns a condition without a time.
func condition(generation int64, kind string, holds bool, reason, message string) metav1.Condition {
	status := metav1.ConditionTrue
	if !holds {
		status = metav1.ConditionFalse
	}
	return metav1.Condition{Type: kind, Status: status, ObservedGeneration: generation, Reason: reason, Message: message}
}

func (g *gateway) judge(known *known) *Verdict {
	v := &Verdict{UID: g.UID, Generation: g.Generation}
	accepted, programmed := 0, 0
	for _, l := range g.listeners {
		status := l.judge(g.Generation, known)
		if status.Conditions[acceptedIndex].Status == metav1.ConditionTrue {
			accepted++
		}
		if status.Conditions[programmedIndex].Status == metav1.ConditionTrue {
			programmed++
		}
		v.Listeners = append(v.Listeners, status)
	}
	const acceptedType, programmedType = string(gatewayv1.GatewayConditionAccepted), string(gatewayv1.GatewayConditionProgrammed)
	is := condition(g.Generation, acceptedType, true, string(gatewayv1.GatewayReasonAccepted), "everything in the object is acted on")
	switch {
	case g.addresses.refused.reason != "":
		is = condition(g.Generation, acceptedType, false, g.addresses.refused.reason, g.addresses.refused.text)
	case accepted < len(g.listeners):
		is = condition(g.Generation, acceptedType, accepted > 0, string(gatewayv1.GatewayReasonListenersNotValid),
			"some listeners cannot be served; their conditions say why")
	}
	serves := condition(g.Generation, programmedType, true, string(gatewayv1.GatewayReasonProgrammed), "the data plane serves what was accepted")
	switch {
	case g.addresses.refused.reason != "":
		serves = condition(g.Generation, programmedType, false, string(gatewayv1.GatewayReasonInvalid), "Accepted says why")
	case g.addresses.unusable != "":
		serves = condition(g.Generation, programmedType, false, string(gatewayv1.GatewayReasonAddressNotUsable), g.addresses.unusable)
	case programmed == 0 && g.waits().reason != "":
		serves = condition(g.Generation, programmedType, false, string(gatewayv1.GatewayReasonAddressNotAssigned), g.waits().text)
	case programmed == 0:
		serves = condition(g.Generation, programmedType, false, string(gatewayv1.GatewayReasonInvalid),
			"no listener can be served; their conditions say why")
	}
	v.Conditions = []metav1.Condition{is, serves}
	if g.backendCertificate.asked {
		v.Conditions = append(v.Conditions, g.judgeBackendCertificate(known.secrets))
	}
	if admitsAnybody(g.Gateway) {
		v.Conditions = append(v.Conditions, condition(g.Generation, string(gatewayv1.GatewayConditionInsecureFrontendValidationMode), true,
			string(gatewayv1.GatewayReasonConfigurationChanged), "clients are let in without a valid certificate where tls.frontend says AllowInsecureFallback"))
	}
	if own := g.addresses.service; own != nil {
		v.Service, v.Addresses = own.plan, own.addresses()
		return v
	}
	for _, address := range g.addresses.list {
		switch {
		case g.addresses.refused.reason != "":
		case address.IsUnspecified():
			v.Everywhere = true
		default:
			v.Addresses = append(v.Addresses, gatewayv1.GatewayStatusAddress{Type: new(gatewayv1.IPAddressType), Value: address.String()})
		}
	}
	return v
}

func (g *gateway) judgeBackendCertificate(secrets map[types.NamespacedName]*translate.Secret) metav1.Condition {
	kind := string(gatewayv1.GatewayConditionResolvedRefs)
	if fault := g.backendCertificate.fault(secrets); fault.reason != "" {
		return condition(g.Generation, kind, false, fault.reason, fault.text+"; until then backends that ask for a certificate are shown none")
	}
	return condition(g.Generation, kind, true, string(gatewayv1.GatewayReasonResolvedRefs), "backends that ask for a certificate are shown the Gateway's")
}

// acceptedIndex and programmedIndex are where a listener's conditions have Accepted and Programmed.
const acceptedIndex, programmedIndex = 0, 3

func (l *listener) judge(generation int64, known *known) ListenerVerdict {
	v := ListenerVerdict{ListenerStatus: gatewayv1.ListenerStatus{
		Name: l.spec.Name, AttachedRoutes: l.attached, SupportedKinds: []gatewayv1.RouteGroupKind{},
	}}
	for _, kind := range l.kinds {
		v.SupportedKinds = append(v.SupportedKinds, gatewayv1.RouteGroupKind{Group: new(gatewayv1.Group(gatewayv1.GroupName)), Kind: gatewayv1.Kind(kind)})
	}
	for _, served := range l.served {
		v.Served = append(v.Served, served.Address)
	}
	slices.SortFunc(v.Served, netip.AddrPort.Compare)
	unresolved, usable := l.certificateState(known.secrets)
	unresolved, closed := l.clientState(known.authorities, unresolved)
	is := func(kind gatewayv1.ListenerConditionType, holds bool, reason gatewayv1.ListenerConditionReason, message string) metav1.Condition {
		return condition(generation, string(kind), holds, string(reason), message)
	}
	accepted := is(gatewayv1.ListenerConditionAccepted, true, gatewayv1.ListenerReasonAccepted, "everything in the listener is acted on")
	if against := cmp.Or(l.conflict, l.refused, closed); against.reason != "" {
		accepted = is(gatewayv1.ListenerConditionAccepted, false, gatewayv1.ListenerConditionReason(against.reason), against.text)
	}
	conflicted := is(gatewayv1.ListenerConditionConflicted, false, gatewayv1.ListenerReasonNoConflicts, "no other listener is in its way")
	if l.conflict.reason != "" {
		conflicted = is(gatewayv1.ListenerConditionConflicted, true, gatewayv1.ListenerConditionReason(l.conflict.reason), l.conflict.text)
	}
	resolved := is(gatewayv1.ListenerConditionResolvedRefs, true, gatewayv1.ListenerReasonResolvedRefs, "everything that it refers to is there")
	if unresolved.reason != "" {
		resolved = is(gatewayv1.ListenerConditionResolvedRefs, false, gatewayv1.ListenerConditionReason(unresolved.reason), unresolved.text)
	}
	programmed := is(gatewayv1.ListenerConditionProgrammed, true, gatewayv1.ListenerReasonProgrammed, "the data plane serves it")
	switch {
	case l.conflict.reason != "":
		programmed = is(gatewayv1.ListenerConditionProgrammed, false, gatewayv1.ListenerConditionReason(l.conflict.reason), l.conflict.text)
	case l.waits.reason != "" && usable && closed.reason == "" && len(l.kinds) > 0:
		programmed = is(gatewayv1.ListenerConditionProgrammed, false, gatewayv1.ListenerConditionReason(l.waits.reason), l.waits.text)
	case len(v.Served) == 0 || !usable || closed.reason != "" || len(l.kinds) == 0:
		programmed = is(gatewayv1.ListenerConditionProgrammed, false, gatewayv1.ListenerReasonInvalid, "the conditions Accepted and ResolvedRefs say why")
	}
	v.Conditions = []metav1.Condition{accepted, conflicted, resolved, programmed}
	return v
}

// certificateState returns what a listener refers to in vain, now that it is known what the Secrets hold, and whether
// it has any certificate that it needs.
func (l *listener) certificateState(secrets map[types.NamespacedName]*translate.Secret) (unresolved finding, usable bool) {
	if !l.tls {
		return l.unresolved, true
	}
	var texts []string
	for _, at := range l.certificates {
		s := secrets[at]
		if text := secretFault(at, s); text != "" {
			texts = append(texts, text)
		}
		if s != nil && s.Chain != "" {
			usable = true
		}
	}
	if len(texts) == 0 {
		return l.unresolved, usable
	}
	text := strings.Join(rules.Bounded(texts), "; ")
	if l.unresolved.reason != "" {
		return finding{l.unresolved.reason, l.unresolved.text + "; " + text}, usable
	}
	return finding{string(gatewayv1.ListenerReasonInvalidCertificateRef), text}, usable
}

// clientState returns what a listener refers to in vain, now that it is known which authorities there are. closed is
// why no client is let in. Its reason is empty if some are.
func (l *listener) clientState(known translate.KnownAuthorities, before finding) (unresolved, closed finding) {
	if l.clients == nil {
		return before, finding{}
	}
	faults, all := authorityFaults(l.clients.Authorities, known)
	unresolved = before
	if len(faults) > 0 {
		unresolved.reason = cmp.Or(before.reason, string(gatewayv1.ListenerReasonInvalidCACertificateRef))
		if before.reason != "" {
			faults = append([]string{before.text}, faults...)
		}
		unresolved.text = strings.Join(rules.Bounded(faults), "; ")
	}
	if all {
		closed = finding{string(gatewayv1.ListenerReasonNoValidCACertificate), "no client is let in, for want of authorities to verify them by: ResolvedRefs says why"}
	}
	return unresolved, closed
}

// reasonsOfAuth are those for which nobody gets in.
var reasonsOfAuth = []string{
	v1alpha1.ReasonTooManyAuthSecrets, v1alpha1.ReasonTooManyKeySets, v1alpha1.ReasonAuthSecretNotFound, v1alpha1.ReasonAuthSecretInvalid,
}

// judgeRoute returns the verdict of a route. resolved is what the snapshot's report says of its backends, nil if none
// of its rules is served. forbidden is that report if the route's namespace may not have some of its hosts.
func (a *Attached) judgeRoute(r *attachedRoute, resolved *metav1.Condition, forbidden *translate.Report) *Verdict {
	v := &Verdict{UID: r.object.UID, Generation: r.object.Generation}
	generation := r.object.Generation
	refs := condition(generation, string(gatewayv1.RouteConditionResolvedRefs), true, string(gatewayv1.RouteReasonResolvedRefs), "every backend is there")
	switch {
	case r.unresolved.reason != "":
		refs = condition(generation, refs.Type, false, r.unresolved.reason, r.unresolved.text)
	case resolved != nil && resolved.Status == metav1.ConditionFalse && slices.Contains(reasonsOfAuth, resolved.Reason):
		refs = condition(generation, refs.Type, false, resolved.Reason, resolved.Message) // The API has no reason for that.
	case resolved != nil && resolved.Status == metav1.ConditionFalse && resolved.Reason != v1alpha1.ReasonNoEndpoints:
		refs = condition(generation, refs.Type, false, string(gatewayv1.RouteReasonBackendNotFound), resolved.Message)
	case resolved != nil:
		refs.Message = resolved.Message
	}
	refused := r.refused
	if r.crowded.reason != "" {
		refused.add(r.crowded.reason, r.crowded.text)
	}
	serves := r.serves()
	if forbidden != nil { // The namespace may not have some of its hosts.
		serves = serves && forbidden.Routes > 0
		refused.add(v1alpha1.ReasonHostNotAllowed, meta.FindStatusCondition(forbidden.Conditions, v1alpha1.ConditionAccepted).Message)
	}
	for i := range r.parents {
		p := &r.parents[i]
		accepted := condition(generation, string(gatewayv1.RouteConditionAccepted), true, string(gatewayv1.RouteReasonAccepted), "everything in the object is acted on")
		if lost := p.lost(); lost != "" {
			accepted.Message += "; but " + lost
		}
		conditions := []metav1.Condition{accepted, refs}
		switch {
		case p.refused.reason != "":
			conditions[0] = condition(generation, accepted.Type, false, p.refused.reason, p.refused.text)
		case refused.reason != "" && serves: // The API wants the message to begin so.
			conditions = append(conditions, condition(generation, string(gatewayv1.RouteConditionPartiallyInvalid), true, refused.reason,
				"Dropped Rule: "+refused.text))
		case refused.reason != "":
			conditions[0] = condition(generation, accepted.Type, false, refused.reason, refused.text)
		}
		v.Parents = append(v.Parents, gatewayv1.RouteParentStatus{
			ParentRef: *p.ref, ControllerName: gatewayv1.GatewayController(a.controller), Conditions: conditions,
		})
	}
	return v
}
