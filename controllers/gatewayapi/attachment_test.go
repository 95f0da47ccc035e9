// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"net/netip"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

// parentsSay returns what the condition Accepted of a route says for each of its parents: its status, reason and
// message.
func (w *world) parentsSay(name string) (list []string) {
	v := gatewayapi.Attach(&w.Input).Judge(nil, nil, nil)[gatewayapi.Key{Kind: gatewayapi.HTTPRouteKind, NamespacedName: types.NamespacedName{Namespace: "default", Name: name}}]
	for i := range v.Parents {
		c := v.Parents[i].Conditions[0]
		list = append(list, string(c.Status)+" "+c.Reason+" "+c.Message)
	}
	return list
}

const acted = "everything in the object is acted on"

func TestARouteSaysWhichHostsAnotherGatewayHas(t *testing.T) {
	t.Parallel()
	shared := "---\n" + gatewayText("greedy", "80 shop.io", "80 *.wild.io")
	const route = "---\nkind: HTTPRoute\nmetadata: {name: r}\nspec: {parentRefs: [{name: mine}], hostnames: [HOSTS], rules: [{backendRefs: [{name: s, port: 1}]}]}\n"
	const advice = "listeners with more specific hostnames, some of other Gateways that share the address: give a listener of this Gateway the hostname, and the older Gateway has it"
	for name, test := range map[string]struct {
		mine, hosts string
		served      []string
		says        string
		attached    []string
	}{
		"all":        {"80", "shop.io", nil, `False NoMatchingListenerHostname requests for "shop.io" go to ` + advice, []string{"sets 0", "l0 0"}},
		"some":       {"80", "shop.io, a.wild.io, mine.io", []string{"r mine.io@:80 / -> default/s:1*1"}, "True Accepted " + acted + `; but requests for "a.wild.io", "shop.io" go to ` + advice, []string{"sets 0", "l0 1"}},
		"none":       {"80", "mine.io", []string{"r mine.io@:80 / -> default/s:1*1"}, "True Accepted " + acted, []string{"sets 0", "l0 1"}},
		"as advised": {"80,80 shop.io", "shop.io", []string{"r shop.io@:80 / -> default/s:1*1"}, "True Accepted " + acted, []string{"sets 0", "l0 1", "l1 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, gatewayText("mine", strings.Split(test.mine, ",")...)+shared+strings.Replace(route, "HOSTS", test.hosts, 1))
			same(t, "served", test.served, w.served())
			same(t, "the route", []string{test.says}, w.parentsSay("r"))
			same(t, "the Gateway", test.attached, w.attached(gatewayapi.GatewayKind, "mine"))
			w.Addresses = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
			same(t, "the route of a Gateway with an address of its own", []string{"True Accepted " + acted}, w.parentsSay("r"))
		})
	}
}

func TestARouteSaysWhichHostsOtherListenersOfItsGatewayHave(t *testing.T) {
	t.Parallel()
	w := read(t, gatewayText("g", "80", "80 shop.io")+`---
kind: HTTPRoute
metadata: {name: r}
spec: {parentRefs: [{name: g, sectionName: l0}], hostnames: [shop.io, mine.io], rules: [{backendRefs: [{name: s, port: 1}]}]}
---
kind: HTTPRoute
metadata: {name: both}
spec: {parentRefs: [{name: g, sectionName: l0}, {name: g, sectionName: l1}], hostnames: [shop.io], rules: [{backendRefs: [{name: s, port: 1}]}]}
`)
	same(t, "a route of one listener", []string{"True Accepted " + acted + `; but requests for "shop.io" go to listeners of this Gateway with more specific hostnames: attach the route to these`},
		w.parentsSay("r"))
	same(t, "a route of both", []string{"True Accepted " + acted, "True Accepted " + acted}, w.parentsSay("both"))
	same(t, "the Gateway", []string{"sets 0", "l0 2", "l1 1"}, w.attached(gatewayapi.GatewayKind, "g"))
}

// What is not served yet is nobody else's.
func TestARouteOfAListenerThatWaitsIsAttached(t *testing.T) {
	t.Parallel()
	w := read(t, gatewayText("g", "80")+"---\nkind: HTTPRoute\nmetadata: {name: r}\nspec: {parentRefs: [{name: g}], hostnames: [shop.io], rules: [{backendRefs: [{name: s, port: 1}]}]}\n")
	w.Services = gatewayapi.ClusterIPServices
	same(t, "the route", []string{"True Accepted " + acted}, w.parentsSay("r"))
	same(t, "the Gateway", []string{"sets 0", "l0 1"}, w.attached(gatewayapi.GatewayKind, "g"))
}
