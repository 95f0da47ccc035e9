// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Programmed returns the conditions of a listener with what data planes say that serve it: closed returns which of some
// addresses could not be opened and why. It returns an empty text if all are open.
func (v *ListenerVerdict) Programmed(closed func([]netip.AddrPort) string) []metav1.Condition {
	conditions := slices.Clone(v.Conditions)
	if text := closed(v.Served); text != "" {
		*meta.FindStatusCondition(conditions, string(gatewayv1.ListenerConditionProgrammed)) = metav1.Condition{
			Type: string(gatewayv1.ListenerConditionProgrammed), Status: metav1.ConditionFalse, ObservedGeneration: conditions[0].ObservedGeneration,
			Reason: string(gatewayv1.ListenerReasonPortUnavailable), Message: "the data plane cannot open " + text + ": choose another port, or free it",
		}
	}
	return conditions
}

// Said is what the status of an object says of one of its parts.
type Said struct {
	// Part is a listener, a parent or an ancestor, for people. It is empty for the object as a whole.
	Part       string
	Conditions []metav1.Condition
}

// Parts returns what is said of each part of an object. closed is as for Programmed.
func (v *Verdict) Parts(closed func([]netip.AddrPort) string) (parts []Said) {
	if len(v.Conditions) > 0 {
		parts = append(parts, Said{Conditions: v.Conditions})
	}
	for i := range v.Listeners {
		l := &v.Listeners[i]
		parts = append(parts, Said{"listener " + string(l.Name), l.Programmed(closed)})
	}
	for i := range v.Parents {
		p := &v.Parents[i]
		part := "parent " + string(p.ParentRef.Name)
		if p.ParentRef.Namespace != nil {
			part = "parent " + string(*p.ParentRef.Namespace) + "/" + string(p.ParentRef.Name)
		}
		if p.ParentRef.SectionName != nil {
			part += " listener " + string(*p.ParentRef.SectionName)
		}
		if p.ParentRef.Port != nil {
			part += fmt.Sprintf(" port %d", *p.ParentRef.Port)
		}
		parts = append(parts, Said{part, p.Conditions})
	}
	for i := range v.Ancestors {
		a := &v.Ancestors[i]
		parts = append(parts, Said{"ancestor " + string(a.AncestorRef.Name), a.Conditions})
	}
	return parts
}

// Objects returns whether a condition says that something is not as it is written. Most say so if they are not True,
// and some if they are.
func Objects(c *metav1.Condition) bool {
	switch c.Type {
	case string(gatewayv1.ListenerConditionConflicted), string(gatewayv1.RouteConditionPartiallyInvalid):
		return c.Status != metav1.ConditionFalse
	}
	return c.Status != metav1.ConditionTrue
}
