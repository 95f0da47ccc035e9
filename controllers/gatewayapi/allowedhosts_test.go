// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/translate"
)

// What the operator says of a namespace's hosts holds for its routes as for its Ingresses.
func TestRoutesHaveNoHostThatTheirNamespaceMayNotHave(t *testing.T) {
	t.Parallel()
	w := read(t, plain+`---
kind: HTTPRoute
metadata: {name: some}
spec: {parentRefs: [{name: plain}], hostnames: [shop.team.io, shop.other.io], rules: [{backendRefs: [{name: s, port: 1}]}]}
---
kind: HTTPRoute
metadata: {name: every}
spec: {parentRefs: [{name: plain}], rules: [{backendRefs: [{name: s, port: 1}]}]}
`)
	a := gatewayapi.Attach(&w.Input)
	s, reports := translate.Build(translate.Input{Objects: a.Objects, Listeners: a.Listeners, AllowedHosts: map[string]*string{"default": new("*.team.io")}})
	for i := range s.Listeners {
		for _, h := range s.Listeners[i].Hosts {
			if !strings.HasSuffix(h.Name, ".team.io") && len(h.Routes) > 0 {
				t.Errorf("host %q is served", h.Name)
			}
		}
	}
	verdicts := a.Judge(nil, nil, reports)
	for name, want := range map[string]string{"some": "PartiallyInvalid=True HostNotAllowed", "every": "Accepted=False HostNotAllowed"} {
		v := verdicts[gatewayapi.Key{Kind: gatewayapi.HTTPRouteKind, NamespacedName: types.NamespacedName{Namespace: "default", Name: name}}]
		var got []string
		for _, c := range v.Parents[0].Conditions {
			got = append(got, c.Type+"="+string(c.Status)+" "+c.Reason)
		}
		if !strings.Contains(strings.Join(got, ", "), want) {
			t.Errorf("route %s says %v, want %s", name, got, want)
		}
	}
}
