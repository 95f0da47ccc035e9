// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

// gatewayText and setText are objects with HTTP listeners, "port host" each, of which none is at all hosts but one
// without a host. The listeners have the names l0, l1 and so on. Any ListenerSet may be added to the Gateway.
func gatewayText(name string, listeners ...string) string {
	return "kind: Gateway\nmetadata: {name: " + name + ", uid: " + name + "}\nspec:\n  gatewayClassName: warren\n  allowedListeners: {namespaces: {from: All}}\n" +
		listenersText(listeners)
}

func setText(name, namespace, gateway string, listeners ...string) string {
	return "kind: ListenerSet\nmetadata: {name: " + name + ", namespace: " + namespace + "}\nspec:\n  parentRef: {name: " + gateway + ", namespace: default}\n" +
		listenersText(listeners)
}

func listenersText(listeners []string) string {
	text := "  listeners:\n"
	for i, l := range listeners {
		port, host, _ := strings.Cut(l, " ")
		text += fmt.Sprintf("  - {name: l%d, port: %s, protocol: HTTP, hostname: %q, allowedRoutes: {namespaces: {from: All}}}\n", i, port, host)
	}
	return text
}

// The API says that of the listeners of a Gateway and of its ListenerSets the older go first. That is no right to what
// another Gateway has had for longer.
func TestAListenerSetIsNoOlderThanItsGatewayAndThanItself(t *testing.T) {
	t.Parallel()
	const conflict = "l0:Conflicted=HostnameConflict"
	for name, test := range map[string]struct {
		objects []string // oldest first
		gives   map[string]bool
	}{
		"a set that comes after another Gateway": {
			[]string{gatewayText("first", "80 first.io"), gatewayText("second", "80 shop.io"), setText("set", "default", "first", "80 shop.io")},
			map[string]bool{"Gateway first": false, "Gateway second": false, "ListenerSet set": true},
		},
		"a set that was there before another Gateway": {
			[]string{gatewayText("first", "80 first.io"), setText("set", "default", "first", "80 shop.io"), gatewayText("second", "80 shop.io")},
			map[string]bool{"Gateway first": false, "Gateway second": true, "ListenerSet set": false},
		},
		"a set that was there before its Gateway": {
			[]string{setText("set", "default", "second", "80 first.io", "80 shop.io"), gatewayText("first", "80 first.io"), gatewayText("second", "80 second.io")},
			map[string]bool{"Gateway first": false, "Gateway second": false, "ListenerSet set": true},
		},
		"a set that was there before its Gateway wants what that has": {
			[]string{setText("set", "default", "only", "80 shop.io"), gatewayText("only", "80 shop.io")},
			map[string]bool{"Gateway only": false, "ListenerSet set": true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, strings.Join(test.objects, "---\n"))
			for object, gives := range test.gives {
				kind, name, _ := strings.Cut(object, " ")
				if said := strings.Join(w.said(kind, name), " "); strings.Contains(said, conflict) != gives {
					t.Errorf("%s says %q", object, said)
				}
			}
		})
	}
}

func TestTheListenerSetsOfAnOldGatewayCloseNoPortOfAYoungerOne(t *testing.T) {
	t.Parallel()
	ports := func(first, n int) (list []string) {
		for port := first; port < first+n; port++ {
			list = append(list, fmt.Sprintf("%d x.io", port))
		}
		return list
	}
	w := read(t, strings.Join([]string{
		gatewayText("old", "80 old.io"), gatewayText("young", "81 young.io"),
		setText("one", "one", "old", ports(1000, gatewayapi.MaxPortsPerNamespace)...), setText("two", "two", "old", ports(2000, gatewayapi.MaxPortsPerNamespace)...),
	}, "---\n"))
	same(t, "the younger Gateway", nil, w.said(gatewayapi.GatewayKind, "young"))
	if n := len(gatewayapi.Attach(&w.Input).Listeners); n != gatewayapi.MaxPorts {
		t.Errorf("%d ports are opened, want %d", n, gatewayapi.MaxPorts)
	}
}
