// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/translate"
)

// attached returns how many ListenerSets are attached to a Gateway, and how many routes to each listener of an object.
func (w *world) attached(kind, name string) (list []string) {
	v := gatewayapi.Attach(&w.Input).Judge(w.secrets, w.authorities, nil)[gatewayapi.Key{Kind: kind, NamespacedName: types.NamespacedName{Namespace: "default", Name: name}}]
	list = append(list, fmt.Sprintf("sets %d", v.ListenerSets))
	for i := range v.Listeners {
		list = append(list, fmt.Sprintf("%s %d", v.Listeners[i].Name, v.Listeners[i].AttachedRoutes))
	}
	return list
}

func TestListenerSetsAddListenersToTheirGateway(t *testing.T) {
	t.Parallel()
	w := read(t, `
kind: Gateway
metadata: {name: g}
spec:
  gatewayClassName: warren
  allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {sets: allowed}}}}
  listeners: [{name: own, port: 80, protocol: HTTP, hostname: g.io}]
---
kind: ListenerSet
metadata: {name: s}
spec:
  parentRef: {name: g}
  listeners: [{name: own, port: 80, protocol: HTTP, hostname: s.io}, {name: two, port: 81, protocol: HTTP}]
---
kind: ListenerSet
metadata: {name: refused, namespace: other}
spec: {parentRef: {name: g, namespace: default}, listeners: [{name: l, port: 80, protocol: HTTP, hostname: other.io}]}
---
kind: ListenerSet
metadata: {name: foreign}
spec: {parentRef: {name: unknown}, listeners: [{name: l, port: 80, protocol: HTTP}]}
---
kind: HTTPRoute
metadata: {name: both}
spec:
  parentRefs: [{name: g}, {kind: ListenerSet, name: s, sectionName: own}, {kind: ListenerSet, name: refused, namespace: other}]
  rules: [{backendRefs: [{name: b, port: 1}]}]
---
kind: HTTPRoute
metadata: {name: section}
spec: {parentRefs: [{name: g, sectionName: two}, {kind: ListenerSet, name: s, sectionName: two}], rules: [{backendRefs: [{name: b, port: 1}]}]}
---
kind: HTTPRoute
metadata: {name: stranger, namespace: other}
spec: {parentRefs: [{kind: ListenerSet, name: s, namespace: default}], rules: [{backendRefs: [{name: b, port: 1}]}]}
`)
	w.NamespaceLabels = map[string]map[string]string{"default": {"sets": "allowed"}, "other": nil}
	same(t, "served", []string{"both g.io@:80 / -> default/b:1*1", "both s.io@:80 / -> default/b:1*1", "section @:81 / -> default/b:1*1"}, w.served())
	same(t, "the Gateway", []string{"sets 1", "own 1"}, w.attached("Gateway", "g"))
	same(t, "the ListenerSet", []string{"sets 0", "own 1", "two 1"}, w.attached("ListenerSet", "s"))
	same(t, "the ListenerSet", nil, w.said("ListenerSet", "s"))
	same(t, "a ListenerSet of another Gateway", []string{"no verdict"}, w.said("ListenerSet", "foreign"))
	same(t, "a route of a ListenerSet that is not allowed", []string{"refused:Accepted=NoMatchingParent"}, w.said("HTTPRoute", "both"))
	same(t, "a route that asks the Gateway for a listener of the set", []string{"g:Accepted=NoMatchingParent"}, w.said("HTTPRoute", "section"))
	refused := gatewayapi.Attach(&w.Input).Judge(nil, nil, nil)[gatewayapi.Key{Kind: "ListenerSet", NamespacedName: types.NamespacedName{Namespace: "other", Name: "refused"}}]
	for _, c := range refused.Conditions {
		if c.Status != "False" || c.Reason != "NotAllowed" {
			t.Errorf("of a ListenerSet that is not allowed, %s is %s for %s", c.Type, c.Status, c.Reason)
		}
	}
	w.Gateways[0].Spec.AllowedListeners = nil
	same(t, "without the Gateway's word", []string{"Accepted=NotAllowed", "Programmed=NotAllowed"}, w.said("ListenerSet", "s"))
	same(t, "without the Gateway's word", []string{"both g.io@:80 / -> default/b:1*1"}, w.served())
}

func TestTheFirstOfTwoListenersInEachOthersWayIsServed(t *testing.T) {
	t.Parallel()
	set := func(name, listeners string) string {
		return "---\nkind: ListenerSet\nmetadata: {name: " + name + "}\nspec: {parentRef: {name: g}, listeners: [" + listeners + "]}\n"
	}
	text := `
kind: Gateway
metadata: {name: g}
spec:
  gatewayClassName: warren
  allowedListeners: {namespaces: {from: Same}}
  listeners: [{name: own, port: 80, protocol: HTTP, hostname: g.io}]
` + set("one", "{name: fine, port: 80, protocol: HTTP, hostname: one.io}, {name: host, port: 80, protocol: HTTP, hostname: g.io}, "+
		"{name: tcp, port: 80, protocol: TCP}, {name: udp, port: 80, protocol: UDP}, {name: next, port: 81, protocol: HTTP}") +
		set("two", "{name: host, port: 80, protocol: HTTP, hostname: one.io}") + set("three", "{name: tls, port: 81, protocol: HTTPS}")
	w := read(t, text)
	same(t, "the Gateway", nil, w.said("Gateway", "g"))
	same(t, "the Gateway", []string{"sets 1", "own 0"}, w.attached("Gateway", "g"))
	same(t, "a set of which some are served", []string{
		"host:Accepted=HostnameConflict", "host:Conflicted=HostnameConflict", "host:Programmed=HostnameConflict",
		"tcp:Accepted=ProtocolConflict", "tcp:Conflicted=ProtocolConflict", "tcp:Programmed=ProtocolConflict",
		"udp:Accepted=UnsupportedProtocol", "udp:Programmed=Invalid",
	}, w.said("ListenerSet", "one"))
	same(t, "a set of which none is served", []string{
		"Accepted=ListenersNotValid", "Programmed=ListenersNotValid",
		"host:Accepted=HostnameConflict", "host:Conflicted=HostnameConflict", "host:Programmed=HostnameConflict",
	}, w.said("ListenerSet", "two"))
	for _, of := range [][]string{{"two", "one"}, {"three", "one"}} { // whatever the order in which they are listed
		slices.Reverse(w.ListenerSets)
		if said := w.said("ListenerSet", of[0]); !slices.Contains(said, "Accepted=ListenersNotValid") || slices.Contains(w.said("ListenerSet", of[1]), "Accepted=ListenersNotValid") {
			t.Errorf("ListenerSet %s is not the one that gives way: %q", of[0], said)
		}
	}
}

func TestAListenerSetRefersToSecretsByItsOwnGrants(t *testing.T) {
	t.Parallel()
	w := read(t, `
kind: Gateway
metadata: {name: g}
spec:
  gatewayClassName: warren
  allowedListeners: {namespaces: {from: All}}
  listeners: [{name: own, port: 443, protocol: HTTPS, hostname: g.io, tls: {certificateRefs: [{name: c, namespace: certs}]}}]
---
kind: ListenerSet
metadata: {name: s}
spec: {parentRef: {name: g}, listeners: [{name: l, port: 443, protocol: HTTPS, hostname: s.io, tls: {certificateRefs: [{name: c, namespace: certs}]}}]}
---
kind: ReferenceGrant
metadata: {name: gateways, namespace: certs}
spec: {from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: default}], to: [{group: "", kind: Secret}]}
`)
	w.secrets = []*translate.Secret{{Namespace: "certs", Name: "c", Chain: "pem", Key: "pem"}}
	same(t, "the Gateway", nil, w.said("Gateway", "g"))
	same(t, "a set without a grant of its own", []string{
		"Accepted=ListenersNotValid", "Programmed=ListenersNotValid", "l:ResolvedRefs=RefNotPermitted", "l:Programmed=Invalid",
	}, w.said("ListenerSet", "s"))
	w.Grants[0].Spec.From[0].Kind = "ListenerSet"
	same(t, "a set with a grant", nil, w.said("ListenerSet", "s"))
}
