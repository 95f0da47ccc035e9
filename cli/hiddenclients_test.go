// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"
)

func TestACheckTellsOfServicesThatHideClients(t *testing.T) {
	t.Parallel()
	const (
		path    = "ingressClassName: warren, "
		limited = `ingress.warren.dev/rate-limit: "{requestsPerSecond: 1}"`
		listed  = `ingress.warren.dev/access-control: "{allowedIPs: [10.0.0.0/8]}"`
	)
	edge := func(spec, component string) string {
		return "---\napiVersion: v1\nkind: Service\nmetadata: {name: edge, namespace: system}\nspec: {" + spec +
			"selector: {app.kubernetes.io/name: warren-ingress, app.kubernetes.io/instance: edge, app.kubernetes.io/component: " + component + "}, ports: [{port: 80}]}\n"
	}
	const hidden = "note: Service system/edge: with externalTrafficPolicy Cluster a node may put its own address in place of the client's, " +
		"which accessControl or rateLimit goes by in Ingress.networking.k8s.io default/shop rules[0].http.paths[0] a.io/"
	for name, test := range map[string]struct {
		manifests string
		arguments []string
		want      bool
	}{
		"an allow-list":               {web + standard("shop", listed, path, "a.io") + edge("type: LoadBalancer, externalTrafficPolicy: Cluster, ", "controller"), nil, true},
		"a limit, and a default":      {web + standard("shop", limited, path, "a.io") + edge("type: NodePort, ", "controller"), nil, true},
		"several":                     {web + standard("shop", limited, path, "a.io") + standard("shop-2", listed, path, "b.io") + edge("type: LoadBalancer, ", "controller"), nil, true},
		"neither":                     {web + standard("shop", "", path, "a.io") + edge("type: LoadBalancer, ", "controller"), nil, false},
		"addresses that are kept":     {web + standard("shop", listed, path, "a.io") + edge("type: LoadBalancer, externalTrafficPolicy: Local, ", "controller"), nil, false},
		"a Service within":            {web + standard("shop", listed, path, "a.io") + edge("", "controller"), nil, false},
		"a Service of something else": {web + standard("shop", listed, path, "a.io") + edge("type: LoadBalancer, ", "backend"), nil, false},
		"an address that is told": {web + standard("shop", listed, path, "a.io") + edge("type: LoadBalancer, ", "controller"),
			[]string{"--trusted-proxies=192.0.2.0/24"}, false},
		"a rule that is closed": {web + standard("shop", listed+", nginx.ingress.kubernetes.io/auth-url: x", path, "a.io") + edge("type: LoadBalancer, ", "controller"), nil, false},
	} {
		got := runWith(test.manifests, append([]string{"check", "-"}, test.arguments...)...)
		if name == "several" && !strings.Contains(got.out, " a.io/ and 1 more: write externalTrafficPolicy: Local, ") {
			t.Errorf("several rules are not counted in %+v", got)
		}
		if said := strings.Contains(got.out, hidden); said != test.want || !test.want && strings.Contains(got.out, "externalTrafficPolicy") {
			t.Errorf("%s: it is told: %v, want %v, in %+v", name, said, test.want, got)
		}
	}
}
