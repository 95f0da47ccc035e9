// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// listenerSet is a ListenerSet whose parent is a Gateway of ours.
type listenerSet struct {
	*gatewayv1.ListenerSet
	holder
}

// readListenerSets reads the ListenerSets of our Gateways. Those of one Gateway follow one another, oldest first, in
// the order of the Gateways. One that its Gateway does not allow has no listeners. It adds them to what routes may
// name.
func (a *Attached) readListenerSets(in *Input, holders map[Key]*holder, grants grants) {
	index := make(map[Key]int, len(a.gateways))
	for i := range a.gateways {
		index[a.gateways[i].Key] = i
	}
	for _, object := range in.ListenerSets {
		ref := &object.Spec.ParentRef
		i, ours := index[parentKey(ref.Group, ref.Kind, ref.Namespace, ref.Name, object.Namespace)]
		if !ours {
			continue
		}
		s := listenerSet{ListenerSet: object}
		s.Key, s.gateway = Key{ListenerSetKind, types.NamespacedName{Namespace: object.Namespace, Name: object.Name}}, &a.gateways[i]
		if s.gateway.takes(object.Namespace, in.NamespaceLabels) {
			s.listeners = readListeners(s.Key, s.gateway, listenersOf(object), grants)
		} else {
			s.refused = finding{string(gatewayv1.RouteReasonNoMatchingParent), "the ListenerSet is not attached to its Gateway: its conditions say why"}
		}
		a.sets = append(a.sets, s)
	}
	slices.SortFunc(a.sets, func(x, y listenerSet) int {
		return cmp.Or(cmp.Compare(index[x.gateway.Key], index[y.gateway.Key]), older(&x.ObjectMeta, &y.ObjectMeta))
	})
	for i := range a.sets {
		holders[a.sets[i].Key] = &a.sets[i].holder
	}
}

// takes returns whether a Gateway allows the ListenerSets of a namespace. Unless its author says so, it allows none.
func (g *gateway) takes(namespace string, labelsOf map[string]map[string]string) bool {
	if g.Spec.AllowedListeners == nil || g.Spec.AllowedListeners.Namespaces == nil {
		return false
	}
	of := g.Spec.AllowedListeners.Namespaces
	return selects(or(of.From, gatewayv1.NamespacesFromNone), of.Selector, g.Gateway.Namespace, namespace, labelsOf)
}

// listenersOf returns the listeners of a ListenerSet as a Gateway would have them.
func listenersOf(object *gatewayv1.ListenerSet) []gatewayv1.Listener {
	list := make([]gatewayv1.Listener, len(object.Spec.Listeners))
	for i := range list {
		list[i] = gatewayv1.Listener(object.Spec.Listeners[i])
	}
	return list
}

// judge returns the verdict of a ListenerSet. It is accepted if any of its listeners can be served.
func (s *listenerSet) judge(known *known) *Verdict {
	v := &Verdict{UID: s.UID, Generation: s.Generation}
	acceptedType, programmedType := string(gatewayv1.ListenerSetConditionAccepted), string(gatewayv1.ListenerSetConditionProgrammed)
	no := func(accepted, programmed gatewayv1.ListenerSetConditionReason, message string) *Verdict {
		v.Conditions = []metav1.Condition{
			condition(s.Generation, acceptedType, false, string(accepted), message),
			condition(s.Generation, programmedType, false, string(programmed), message),
		}
		return v
	}
	if s.refused.reason != "" {
		return no(gatewayv1.ListenerSetReasonNotAllowed, gatewayv1.ListenerSetReasonNotAllowed,
			"the Gateway does not allow ListenerSets of this namespace: its author has to say so in spec.allowedListeners")
	}
	valid, waits := 0, finding{}
	for _, l := range s.listeners {
		status := l.judge(s.Generation, known)
		if l.waits.reason != "" {
			valid, waits = valid+1, l.waits
		} else if status.Conditions[programmedIndex].Status == metav1.ConditionTrue {
			valid++
		}
		v.Listeners = append(v.Listeners, status)
	}
	switch {
	case s.gateway.addresses.refused.reason != "":
		return no(gatewayv1.ListenerSetReasonParentNotAccepted, parentNotProgrammed, "the Gateway is not accepted: its conditions say why")
	case valid == 0:
		return no(gatewayv1.ListenerSetReasonListenersNotValid, gatewayv1.ListenerSetReasonListenersNotValid,
			"no listener can be served; their conditions say why")
	}
	v.Conditions = []metav1.Condition{
		condition(s.Generation, acceptedType, true, string(gatewayv1.ListenerSetReasonAccepted), "everything in the object is acted on"),
		condition(s.Generation, programmedType, true, string(gatewayv1.ListenerSetReasonProgrammed), "the data plane serves what was accepted"),
	}
	if valid < len(s.listeners) {
		v.Conditions[0].Reason, v.Conditions[0].Message = string(gatewayv1.ListenerSetReasonListenersNotValid),
			"some listeners cannot be served; their conditions say why"
	}
	if waits.reason != "" {
		v.Conditions[1] = condition(s.Generation, programmedType, false, waits.reason, waits.text)
	}
	if s.gateway.addresses.unusable != "" {
		v.Conditions[1] = condition(s.Generation, programmedType, false, string(parentNotProgrammed), "the Gateway is not programmed: its conditions say why")
	}
	return v
}

// parentNotProgrammed is a reason of the API that its module has no name for.
const parentNotProgrammed gatewayv1.ListenerSetConditionReason = "ParentNotProgrammed"
