// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// onlyRule returns the rule that a route of one rule has. rest is what the rule says besides its backend.
func onlyRule(t *testing.T, w *world) *rules.Rule {
	t.Helper()
	objects := gatewayapi.Attach(&w.Input).Objects
	if len(objects) != 1 || len(objects[0].Hosts) != 1 || len(objects[0].Hosts[0].Rules) != 1 {
		t.Fatalf("there are %d objects, want one with one rule", len(objects))
	}
	return &objects[0].Hosts[0].Rules[0]
}

func TestHowARuleForwards(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	usual := snapshot.Timeouts{Connect: 5 * time.Second, Idle: minute}
	for name, test := range map[string]struct {
		rule string
		want rules.Rule
		// fault is what the route's condition says, if the rule cannot be served.
		fault string
	}{
		"nothing":                    {rule: ``, want: rules.Rule{Timeouts: usual, Retries: 1}},
		"a timeout":                  {rule: `timeouts: {request: 10s}`, want: rules.Rule{Timeouts: snapshot.Timeouts{Request: 10 * time.Second, Connect: usual.Connect, Idle: minute}, Retries: 1}},
		"two timeouts":               {rule: `timeouts: {request: 5m, backendRequest: 2m}`, want: rules.Rule{Timeouts: snapshot.Timeouts{Request: 5 * minute, Attempt: 2 * minute, Connect: usual.Connect, Idle: 5 * minute}, Retries: 1}},
		"of an attempt alone":        {rule: `timeouts: {backendRequest: 90s}`, want: rules.Rule{Timeouts: snapshot.Timeouts{Attempt: 90 * time.Second, Connect: usual.Connect, Idle: 90 * time.Second}, Retries: 1}},
		"no timeout":                 {rule: `timeouts: {request: 0s, backendRequest: 90s}`, want: rules.Rule{Timeouts: snapshot.Timeouts{Attempt: 90 * time.Second, Connect: usual.Connect}, Retries: 1}},
		"no duration":                {rule: `timeouts: {request: soon}`, fault: `timeouts.request "soon" is no duration`},
		"retries":                    {rule: `retry: {}`, want: rules.Rule{Timeouts: usual, Retries: 1, Retry: &snapshot.Retry{Backoff: 25 * time.Millisecond}}},
		"all of retries":             {rule: `retry: {codes: [503, 500, 503], attempts: 3, backoff: 100ms}`, want: rules.Rule{Timeouts: usual, Retries: 3, Retry: &snapshot.Retry{Codes: []int{500, 503}, Backoff: 100 * time.Millisecond}}},
		"more retries than are made": {rule: `retry: {attempts: 11}`, want: rules.Rule{Timeouts: usual, Retries: 10, Retry: &snapshot.Retry{Backoff: 25 * time.Millisecond}}},
		"no retries":                 {rule: `retry: {attempts: 0}`, fault: "retry.attempts is 0: write 1 or more"},
		"retries of successes":       {rule: `retry: {codes: [200]}`, fault: "retry.codes has 200: write 400 to 599"},
		"sessions":                   {rule: `sessionPersistence: {}`, want: rules.Rule{Timeouts: usual, Retries: 1, Persistence: &snapshot.Persistence{Name: "warren-session"}}},
		"permanent sessions": {rule: `sessionPersistence: {sessionName: S, absoluteTimeout: 1h, cookieConfig: {lifetimeType: Permanent}}`,
			want: rules.Rule{Timeouts: usual, Retries: 1, Persistence: &snapshot.Persistence{Name: "S", Absolute: time.Hour, Permanent: true}}},
		"sessions by header": {rule: `sessionPersistence: {sessionName: X-S, type: Header, cookieConfig: {lifetimeType: Permanent}}`,
			want: rules.Rule{Timeouts: usual, Retries: 1, Persistence: &snapshot.Persistence{Type: snapshot.SessionByHeader, Name: "x-s"}}},
		"sessions for ever":  {rule: `sessionPersistence: {cookieConfig: {lifetimeType: Permanent}}`, fault: "write an absoluteTimeout"},
		"a bad session name": {rule: `sessionPersistence: {sessionName: "a;b"}`, fault: `"a;b" is no name of a cookie`},
		"a header of ours":   {rule: `sessionPersistence: {sessionName: Host, type: Header}`, fault: `"host" is a header of the proxy's own`},
		"unknown sessions":   {rule: `sessionPersistence: {type: Hope}`, fault: `"Hope" is not supported: write Cookie or Header`},
		"mirrors": {rule: `filters: [{type: RequestMirror, requestMirror: {backendRef: {name: m, port: 1}}}, {type: RequestMirror, requestMirror: {backendRef: {name: p, port: 2}, percent: 20}},
    {type: RequestMirror, requestMirror: {backendRef: {name: o, port: 3}, fraction: {numerator: 1, denominator: 3}}}, {type: RequestMirror, requestMirror: {backendRef: {name: o, port: 3}, fraction: {numerator: 0}}}]`,
			want: rules.Rule{Timeouts: usual, Retries: 1, Mirrors: []rules.Mirror{mirror("m", 1, 1, 1), mirror("p", 2, 20, 100), mirror("o", 3, 1, 3), mirror("o", 3, 0, 100)}}},
		"half a mirror too many": {rule: `filters: [{type: RequestMirror, requestMirror: {backendRef: {name: m, port: 1}, fraction: {numerator: 3, denominator: 2}}}]`, fault: "copies 3/2 of the requests"},
		"a heavy backend":        {rule: `backendRefs: [{name: s, port: 1, weight: -1}]`, fault: "has the weight -1: write 0 to 1000000"},
		"a backend's mirror":     {rule: `backendRefs: [{name: s, port: 1, filters: [{type: RequestMirror, requestMirror: {backendRef: {name: m, port: 1}}}]}]`, fault: "mirrors are of a rule"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule := test.rule
			if !strings.Contains(rule, "backendRefs") {
				rule = "backendRefs: [{name: s, port: 1}]\n    " + rule
			}
			w := read(t, plain+"---\nkind: HTTPRoute\nmetadata: {name: r}\nspec:\n  parentRefs: [{name: plain}]\n  rules:\n  - matches: [{path: {value: /}}]\n    "+rule+"\n")
			got := *onlyRule(t, w)
			message := ""
			for key, v := range gatewayapi.Attach(&w.Input).Judge(nil, nil, nil) {
				if key.Kind == gatewayapi.HTTPRouteKind {
					if c := v.Parents[0].Conditions[0]; c.Reason == "UnsupportedValue" {
						message = c.Message
					}
				}
			}
			if !strings.Contains(message, test.fault) || (test.fault == "") != (message == "") {
				t.Errorf("the route says %q, want %q", message, test.fault)
			}
			if test.fault != "" {
				if len(got.Backends) != 1 || got.Backends[0].Fault == "" || got.Mirrors != nil {
					t.Errorf("a rule that cannot be served leads to %+v and %+v", got.Backends, got.Mirrors)
				}
				return
			}
			if b := got.Backends[0]; b.Service != "s" || b.Fault != "" {
				t.Errorf("its backend is %+v", b)
			}
			got.Where, got.Match, got.Backends = "", rules.Match{}, nil
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// mirror is a mirror that gets a share of the requests.
func mirror(service string, port, numerator, denominator int32) rules.Mirror {
	return rules.Mirror{Backend: rules.Backend{Namespace: "default", Service: service, Port: port, MustExist: true}, Numerator: numerator, Denominator: denominator}
}

func TestAMirrorThatMayNotBeReferredToGetsNothing(t *testing.T) {
	t.Parallel()
	route := plain + `---
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: plain}]
  rules:
  - backendRefs: [{name: s, port: 1}]
    filters:
    - {type: RequestMirror, requestMirror: {backendRef: {name: m, port: 1, namespace: other}}}
    - {type: RequestMirror, requestMirror: {backendRef: {name: m, port: 1, kind: Bucket}}}
    - {type: RequestMirror, requestMirror: {backendRef: {name: m, port: 1}}}
`
	const grant = "---\nkind: ReferenceGrant\nmetadata: {name: g, namespace: other}\n" +
		"spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}], to: [{group: \"\", kind: Service}]}\n"
	for name, test := range map[string]struct {
		text   string
		faulty []bool
	}{"without a grant": {route, []bool{true, true, false}}, "with a grant": {route + grant, []bool{false, true, false}}} {
		w := read(t, test.text)
		rule := onlyRule(t, w)
		var faulty []bool
		for i := range rule.Mirrors {
			faulty = append(faulty, rule.Mirrors[i].Backend.Fault != "")
		}
		if diff := cmp.Diff(test.faulty, faulty); diff != "" || rule.Backends[0].Fault != "" {
			t.Errorf("%s: mirrors with a fault (-want +got):\n%s\nthe backend's fault is %q", name, diff, rule.Backends[0].Fault)
		}
		same(t, name, []string{"plain:ResolvedRefs=InvalidKind"}, w.said(gatewayapi.HTTPRouteKind, "r"))
	}
}
