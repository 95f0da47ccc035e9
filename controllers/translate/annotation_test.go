// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// annotated builds an Ingress of one path with these annotations, whose names are without "ingress.warren.dev/", and
// returns its route and what its Accepted says.
func annotated(t *testing.T, annotations map[string]string) (route snapshot.Route, accepted string) {
	t.Helper()
	object := newStandard("blue", "a", 0, "x.io")
	object.Annotations = map[string]string{}
	for name, value := range annotations {
		if !strings.Contains(name, "/") {
			name = "ingress.warren.dev/" + name
		}
		object.Annotations[name] = value
	}
	snapshot, reports := build(translate.Input{
		Objects: []*rules.Object{kinds.ReadStandard(object)},
	})
	condition := conditionOf(t, reports, kinds.StandardKind, "blue/a", v1alpha1.ConditionAccepted)
	if len(snapshot.Hosts) == 1 {
		route = snapshot.Hosts[0].Routes[0]
	}
	return route, string(condition.Status) + " " + condition.Message
}

func TestAnnotationsAskForPolicies(t *testing.T) {
	plain := snapshot.Route{Timeouts: snapshot.Timeouts{Connect: 5 * time.Second, Idle: 60 * time.Second}, Retries: 1}
	with := func(change func(*snapshot.Route)) snapshot.Route {
		r := plain
		change(&r)
		return r
	}
	for name, test := range map[string]struct {
		annotations map[string]string
		want        snapshot.Route
	}{
		"none":      {nil, plain},
		"another's": {map[string]string{"example.com/rate-limit": "?", "nginx.ingress.kubernetes.io/proxy-body-size": "8m"}, plain},
		"access-control": {map[string]string{"access-control": "{deniedIPs: [10.1.2.3]}"}, with(func(r *snapshot.Route) {
			r.Policies = []policy.Policy{&policy.Access{Denied: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32")}}}
		})},
		"rate-limit": {map[string]string{"rate-limit": "{requestsPerSecond: 10, burst: 20}"}, with(func(r *snapshot.Route) { r.Policies = []policy.Policy{&policy.RateLimit{PerSecond: 10, Burst: 20}} })},
		"a fraction": {map[string]string{"rate-limit": "{requestsPerSecond: '0.5', burst: 2, scope: Replica}"}, with(func(r *snapshot.Route) {
			r.Policies = []policy.Policy{&policy.RateLimit{PerSecond: 0.5, Burst: 2, PerReplica: true}}
		})},
		"JSON":    {map[string]string{"rate-limit": `{"requestsPerSecond": 0.5, "burst": 2}`}, with(func(r *snapshot.Route) { r.Policies = []policy.Policy{&policy.RateLimit{PerSecond: 0.5, Burst: 2}} })},
		"rewrite": {map[string]string{"rewrite": "stripPrefix: /v1"}, with(func(r *snapshot.Route) { r.Policies = []policy.Policy{&policy.Rewrite{StripPrefix: "/v1"}} })},
		"headers": {map[string]string{"headers": "response: {set: {X-A: b}}"}, with(func(r *snapshot.Route) {
			r.Policies = []policy.Policy{&policy.Headers{Response: policy.HeaderChanges{Set: []policy.Header{{Name: "X-A", Value: "b"}}}}}
		})},
		"load-balancing": {map[string]string{"load-balancing": "{policy: LeastRequest}"}, with(func(r *snapshot.Route) { r.Balancing.Policy = snapshot.LeastRequest })},
		"timeouts":       {map[string]string{"timeouts": "{request: 1m, idle: 0s}"}, with(func(r *snapshot.Route) { r.Timeouts.Request, r.Timeouts.Idle = time.Minute, 0 })},
		"retries":        {map[string]string{"retries": "{attempts: 0}"}, with(func(r *snapshot.Route) { r.Retries = 0 })},
		"path-spelling":  {map[string]string{"path-spelling": "Canonical"}, with(func(r *snapshot.Route) { r.Canonical = true })},
		"several at once": {map[string]string{"retries": "{attempts: 2}", "rewrite": "replacePath: /"}, with(func(r *snapshot.Route) {
			r.Retries, r.Policies = 2, []policy.Policy{&policy.Rewrite{Path: policy.PathChange{Replace: "/"}}}
		})},
		"of ingress-nginx, that keep nobody out": {
			map[string]string{"nginx.ingress.kubernetes.io/whitelist-source-range": "0.0.0.0/0,::/0", "nginx.ingress.kubernetes.io/auth-url": "",
				"nginx.ingress.kubernetes.io/canary": "false"}, plain},
		"of ingress-nginx, with what does the same here": {
			map[string]string{"nginx.ingress.kubernetes.io/whitelist-source-range": "10.0.0.0/8", "access-control": "{allowedIPs: [10.0.0.0/8]}"},
			with(func(r *snapshot.Route) {
				r.Policies = []policy.Policy{&policy.Access{Allowed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
			})},
	} {
		t.Run(name, func(t *testing.T) {
			got, accepted := annotated(t, test.annotations)
			test.want.Rule.Ingress, test.want.Path, test.want.Pool = "networking.k8s.io/blue/a", "/", "blue/web:80"
			options := cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })}
			if diff := cmp.Diff(test.want, got, options); diff != "" {
				t.Errorf("route (-want +got):\n%s", diff)
			}
			if !strings.HasPrefix(accepted, "True ") {
				t.Errorf("Accepted is %s", accepted)
			}
		})
	}
}

func TestAMistakenAnnotationClosesTheIngress(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"access-control", "{allowedIPs: [somewhere]}", "neither an address"},
		{"access-control", "{allowedIPs: []}", "keeps nobody out"},
		{"access-control", "{}", "keeps nobody out"},
		{"access-control", "", "is empty: write {allowedIPs"},
		{"access-control", "{allowIPs: [10.0.0.0/8]}", `unknown field "allowIPs"`},
		{"access-control", "{allowedIPs: [10.0.0.0/8], allowedIPs: [0.0.0.0/0]}", "already set"},
		{"access-control", "10.0.0.0/8", "it is not what the field"},
		{"access-control", strings.Repeat("#", 9<<10), "longer than 8 KiB"},
		{"allowed-ips", "10.0.0.0/8", "there is no such annotation: write access-control"},
		{"rate-limit", "{burst: 5}", "rateLimit.requestsPerSecond is 0"},
		{"rate-limit", "{requestsPerSecond: '1e999999999'}", "a number above zero"},
		{"rate-limit", "{requestsPerSecond: 10, scope: Everywhere}", "rateLimit.scope"},
		{"headers", "{set: {Host: other.example.com}}", "the proxy's own"},
		{"rewrite", "{}", "neither stripPrefix nor replacePath"},
		{"load-balancing", "{policy: Random}", "write RoundRobin"},
		{"timeouts", "{request: -1s}", "negative duration"},
		{"timeouts", "{request: soon}", "invalid duration"},
		{"retries", "{attempts: 50}", "at most 10"},
		{"backend-protocol", "https", "write HTTP, HTTPS or H2C"},
		{"backend-tls", "{caSecretName: ca}", "for protocol HTTPS"},
		{"redirect-http", "yes", "neither true nor false"},
		{"redirect-http", "true", "nothing to redirect to"},
		{"auto-ssl", "yes", "neither true nor false"},
		{"email", "Admin <admin@example.com>", "is no address"},
		{"nginx.ingress.kubernetes.io/whitelist-source-range", "10.0.0.0/8", "write ingress.warren.dev/access-control"},
		{"nginx.ingress.kubernetes.io/auth-url", "https://auth.example.com", "write ingress.warren.dev/auth beside it"},
		{"nginx.ingress.kubernetes.io/satisfy", "any", "nothing like it here"},
	} {
		t.Run(fmt.Sprintf("%s %.30s", test.name, test.value), func(t *testing.T) {
			route, accepted := annotated(t, map[string]string{test.name: test.value})
			if route.Pool != "blue/web:80/InvalidRule" {
				t.Errorf("the path is served by %s", route.Pool)
			}
			if !strings.HasPrefix(accepted, "False metadata: annotation ") || !strings.Contains(accepted, test.name) ||
				!strings.Contains(accepted, test.want) || !strings.Contains(accepted, "every path answers 503") {
				t.Errorf("Accepted is %q, want it to name the annotation and to say %q", accepted, test.want)
			}
		})
	}
}

func TestAnnotationsSayHowABackendIsSpokenTo(t *testing.T) {
	for _, test := range []struct{ tls, pool, want string }{
		{"", "blue/web:80/HTTPS", "True "},
		{"{caConfigMapName: ca, serverName: web.internal}", "blue/web:80/HTTPS,caConfigMapName=ca,serverName=web.internal", "True "},
		{"{insecureSkipVerify: true}", "blue/web:80/HTTPS,insecureSkipVerify", "True "},
		{"{serverName: 10.0.0.1}", "blue/web:80/HTTPS,serverName=10.0.0.1", "True "},
		{"{serverNameFromRequest: true}", "blue/web:80/HTTPS,serverNameFromRequest", "True "},
		{"{serverNameFromRequest: true, serverName: a}", "blue/web:80/InvalidRule", "False "},
		{"{serverName: 'a,insecureSkipVerify'}", "blue/web:80/InvalidRule", "False "},
		{"{caSecretName: ../ca}", "blue/web:80/InvalidRule", "False "},
		{"{caSecretName: ca, insecureSkipVerify: true}", "blue/web:80/InvalidRule", "False "},
	} {
		annotations := map[string]string{"backend-protocol": "HTTPS"}
		if test.tls != "" {
			annotations["backend-tls"] = test.tls
		}
		if route, accepted := annotated(t, annotations); route.Pool != test.pool || !strings.HasPrefix(accepted, test.want) {
			t.Errorf("%s: the path is served by %s, and Accepted is %s", test.tls, route.Pool, accepted)
		}
	}
}

func TestACanaryOfIngressNginxContestsNoPath(t *testing.T) {
	route, accepted := annotated(t, map[string]string{"nginx.ingress.kubernetes.io/canary": "true"})
	if route.Pool != "" || !strings.HasPrefix(accepted, "False ") || !strings.Contains(accepted, "there are no canaries here") {
		t.Errorf("it is served by %q, and Accepted is %q", route.Pool, accepted)
	}
}
