// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func limited(rate string, burst int32) v1alpha1.IngressPath {
	p := prefix("/api", "api")
	p.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: resource.MustParse(rate), Burst: burst}
	return p
}

func withHeaders(headers v1alpha1.Headers) v1alpha1.IngressPath {
	p := prefix("/api", "api")
	p.Headers = &headers
	return p
}

func limitedBy(scope v1alpha1.RateLimitScope) v1alpha1.IngressPath {
	p := limited("10", 5)
	p.RateLimit.Scope = scope
	return p
}

func rewritten(rewrite v1alpha1.Rewrite) v1alpha1.IngressPath {
	p := prefix("/api", "api")
	p.Rewrite = &rewrite
	return p
}

func balanced(b v1alpha1.LoadBalancing) v1alpha1.IngressPath {
	p := prefix("/api", "api")
	p.LoadBalancing = &b
	return p
}

type treatment struct {
	RateLimit policy.RateLimit
	Headers   policy.Headers
	Rewrite   policy.Rewrite
	Balancing snapshot.Balancing
}

func treatmentOf(t *testing.T, r *snapshot.Route) treatment {
	t.Helper()
	got := treatment{Balancing: r.Balancing}
	for _, p := range r.Policies {
		switch p := p.(type) {
		case *policy.RateLimit:
			got.RateLimit = *p
		case *policy.Headers:
			got.Headers = *p
		case *policy.Rewrite:
			got.Rewrite = *p
		default:
			t.Errorf("the route has a policy %s too", p.Name())
		}
	}
	return got
}

func TestWhatARouteDoesWithItsRequests(t *testing.T) {
	tests := map[string]struct {
		path v1alpha1.IngressPath
		want treatment
	}{
		"nothing": {path: prefix("/api", "api")},
		"a rate and a burst": {
			path: limited("100", 20),
			want: treatment{RateLimit: policy.RateLimit{PerSecond: 100, Burst: 20}},
		},
		"a rate alone bursts for a second": {
			path: limited("2500m", 0),
			want: treatment{RateLimit: policy.RateLimit{PerSecond: 2.5, Burst: 2}},
		},
		"a rate below one bursts for one request": {
			path: limited("0.5", 0),
			want: treatment{RateLimit: policy.RateLimit{PerSecond: 0.5, Burst: 1}},
		},
		"the highest rate": {
			path: limited("1M", 0),
			want: treatment{RateLimit: policy.RateLimit{PerSecond: 1e6, Burst: 1e6}},
		},
		"the lowest rate": {
			path: limited("1n", 1),
			want: treatment{RateLimit: policy.RateLimit{PerSecond: 1e-9, Burst: 1}},
		},
		"a limit of each replica": {
			path: limitedBy(v1alpha1.RateLimitReplica),
			want: treatment{RateLimit: policy.RateLimit{PerSecond: 10, Burst: 5, PerReplica: true}},
		},
		"a limit of all replicas": {
			path: limitedBy(v1alpha1.RateLimitCluster),
			want: treatment{RateLimit: policy.RateLimit{PerSecond: 10, Burst: 5}},
		},
		"headers that change nothing": {path: withHeaders(v1alpha1.Headers{Response: &v1alpha1.ResponseHeaders{}})},
		"headers of the request, by name": {
			path: withHeaders(v1alpha1.Headers{
				Add: v1alpha1.HeaderFields{"b": "2", "A": "1", "C": ""},
				Set: v1alpha1.HeaderFields{"X-App-Version": "v1.2.3", "x-app": "a\tb"},
			}),
			want: treatment{Headers: policy.Headers{Request: policy.HeaderChanges{
				Add: []policy.Header{{Name: "A", Value: "1"}, {Name: "b", Value: "2"}, {Name: "C"}},
				Set: []policy.Header{{Name: "x-app", Value: "a\tb"}, {Name: "X-App-Version", Value: "v1.2.3"}},
			}}},
		},
		"what is removed is removed both ways": {
			path: withHeaders(v1alpha1.Headers{Remove: v1alpha1.HeaderNames{"X-Powered-By", "Server"}}),
			want: treatment{Headers: policy.Headers{
				Request:  policy.HeaderChanges{Remove: []string{"server", "x-powered-by"}},
				Response: policy.HeaderChanges{Remove: []string{"server", "x-powered-by"}},
			}},
		},
		"the response alone": {
			path: withHeaders(v1alpha1.Headers{Response: &v1alpha1.ResponseHeaders{
				Add:    v1alpha1.HeaderFields{"Vary": "Accept"},
				Set:    v1alpha1.HeaderFields{"Cache-Control": "no-store"},
				Remove: v1alpha1.HeaderNames{"ETag"},
			}}),
			want: treatment{Headers: policy.Headers{Response: policy.HeaderChanges{
				Add:    []policy.Header{{Name: "Vary", Value: "Accept"}},
				Set:    []policy.Header{{Name: "Cache-Control", Value: "no-store"}},
				Remove: []string{"etag"},
			}}},
		},
		"removed both ways and from the response, each once": {
			path: withHeaders(v1alpha1.Headers{
				Remove:   v1alpha1.HeaderNames{"Server", "X-Debug", "server"},
				Response: &v1alpha1.ResponseHeaders{Remove: v1alpha1.HeaderNames{"SERVER", "ETag"}},
			}),
			want: treatment{Headers: policy.Headers{
				Request:  policy.HeaderChanges{Remove: []string{"server", "x-debug"}},
				Response: policy.HeaderChanges{Remove: []string{"etag", "server", "x-debug"}},
			}},
		},
		"turns": {path: balanced(v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingRoundRobin})},
		"the fewest requests": {
			path: balanced(v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingLeastRequest}),
			want: treatment{Balancing: snapshot.Balancing{Policy: snapshot.LeastRequest}},
		},
		"a hash of the client's address": {
			path: balanced(v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingHash, HashOn: v1alpha1.HashOnClientIP}),
			want: treatment{Balancing: snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnClient}},
		},
		"a hash of a header, in lower case": {
			path: balanced(v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingHash, HashOn: v1alpha1.HashOnHeader, Name: "X-User"}),
			want: treatment{Balancing: snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnHeader, Name: "x-user"}},
		},
		"forwarding fields that the proxy does not write": {
			path: withHeaders(v1alpha1.Headers{
				Set:    v1alpha1.HeaderFields{"X-Forwarded-Prefix": "/shop", "X-Forwarded-Ssl": "on"},
				Remove: v1alpha1.HeaderNames{"Forwarded", "X-Forwarded-Client-Cert", "X-Original-URL"},
			}),
			want: treatment{Headers: policy.Headers{
				Request: policy.HeaderChanges{
					Set:    []policy.Header{{Name: "X-Forwarded-Prefix", Value: "/shop"}, {Name: "X-Forwarded-Ssl", Value: "on"}},
					Remove: []string{"forwarded", "x-forwarded-client-cert", "x-original-url"},
				},
				Response: policy.HeaderChanges{Remove: []string{"forwarded", "x-forwarded-client-cert", "x-original-url"}},
			}},
		},
		"a hash of a cookie, as it is": {
			path: balanced(v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingHash, HashOn: v1alpha1.HashOnCookie, Name: "Session"}),
			want: treatment{Balancing: snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnCookie, Name: "Session"}},
		},
		"a limit of connections, and the queue's own": {
			path: balanced(v1alpha1.LoadBalancing{MaxConnectionsPerEndpoint: 8}),
			want: treatment{Balancing: snapshot.Balancing{MaxConnections: 8, MaxPending: 100}},
		},
		"a limit of connections without a queue": {
			path: balanced(v1alpha1.LoadBalancing{MaxConnectionsPerEndpoint: 8, MaxPending: new(int32(0))}),
			want: treatment{Balancing: snapshot.Balancing{MaxConnections: 8}},
		},
		"a prefix that is stripped": {
			path: rewritten(v1alpha1.Rewrite{StripPrefix: "/api/"}),
			want: treatment{Rewrite: policy.Rewrite{StripPrefix: "/api/"}},
		},
		"a prefix that is stripped, and told otherwise": {
			path: func() v1alpha1.IngressPath {
				p := withHeaders(v1alpha1.Headers{Set: v1alpha1.HeaderFields{"x-forwarded-PREFIX": "/shop"}})
				p.Rewrite = &v1alpha1.Rewrite{StripPrefix: "/api"}
				return p
			}(),
			want: treatment{
				Headers: policy.Headers{Request: policy.HeaderChanges{Set: []policy.Header{{Name: "x-forwarded-PREFIX", Value: "/shop"}}}},
				Rewrite: policy.Rewrite{StripPrefix: "/api", Untold: true},
			},
		},
		"a prefix that is stripped, and kept to ourselves": {
			path: func() v1alpha1.IngressPath {
				p := withHeaders(v1alpha1.Headers{Remove: v1alpha1.HeaderNames{"X-Forwarded-Prefix"}})
				p.Rewrite = &v1alpha1.Rewrite{StripPrefix: "/api"}
				return p
			}(),
			want: treatment{
				Headers: policy.Headers{
					Request:  policy.HeaderChanges{Remove: []string{"x-forwarded-prefix"}},
					Response: policy.HeaderChanges{Remove: []string{"x-forwarded-prefix"}},
				},
				Rewrite: policy.Rewrite{StripPrefix: "/api", Untold: true},
			},
		},
		"a prefix in its canonical form": {
			path: rewritten(v1alpha1.Rewrite{StripPrefix: "/x/..//%61pi"}),
			want: treatment{Rewrite: policy.Rewrite{StripPrefix: "/api"}},
		},
		"a path in place of all, in its canonical form": {
			path: rewritten(v1alpha1.Rewrite{ReplacePath: "/v2/./a%2fb"}),
			want: treatment{Rewrite: policy.Rewrite{Path: policy.PathChange{Replace: "/v2/a%2Fb"}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			snapshot, reports := build(translate.Input{Objects: asRules([]*v1alpha1.Ingress{
				newIngress("default", "a", 1, newRule("x.io", test.path))})})
			r := snapshot.Hosts[0].Routes[0]
			if diff := cmp.Diff(test.want, treatmentOf(t, &r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			c := conditionOf(t, reports, "Ingress", "default/a", v1alpha1.ConditionAccepted)
			if diff := cmp.Diff(fully, accepted{c.Status, c.Reason, c.Message}); diff != "" {
				t.Errorf("Accepted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPolicyThatIsNotUnderstoodIsReportedAndItsPathAnswers503(t *testing.T) {
	tests := map[string]struct {
		path  v1alpha1.IngressPath
		fault string
	}{
		"a rate of zero":          {limited("0", 1), "rateLimit.requestsPerSecond is 0: write a number above 0 and at most 1000000"},
		"a negative rate":         {limited("-0.5", 1), "rateLimit.requestsPerSecond is -500m: write a number above 0 and at most 1000000"},
		"a rate above a million":  {limited("1000001", 1), "rateLimit.requestsPerSecond is 1000001: write a number above 0 and at most 1000000"},
		"a rate beyond all":       {limited("1e400", 1), "rateLimit.requestsPerSecond is " + resourceText("1e400") + ": write a number above 0 and at most 1000000"},
		"a negative burst":        {limited("1", -1), "rateLimit.burst is -1: write 1 to 1000000, or leave it out for what requestsPerSecond allows in one second"},
		"a burst above a million": {limited("1", 1000001), "rateLimit.burst is 1000001: write 1 to 1000000, or leave it out for what requestsPerSecond allows in one second"},
		"an unknown way to balance": {
			balanced(v1alpha1.LoadBalancing{Policy: "Random"}),
			`loadBalancing.policy "Random" is unknown: write RoundRobin, LeastRequest or Hash`,
		},
		"a hash of nothing": {
			balanced(v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingHash}),
			`loadBalancing.hashOn "" is unknown: write ClientIP, Header or Cookie`,
		},
		"a cookie that would be two fields": {
			balanced(v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingHash, HashOn: v1alpha1.HashOnCookie, Name: "a\r\nb"}),
			"loadBalancing.name is no name of a header field or cookie: write one such as X-User or session",
		},
		"fewer connections than none": {
			balanced(v1alpha1.LoadBalancing{MaxConnectionsPerEndpoint: -1}),
			"loadBalancing.maxConnectionsPerEndpoint is -1: write 1 or more, or leave it out",
		},
		"a name that is no token": {
			withHeaders(v1alpha1.Headers{Add: v1alpha1.HeaderFields{"X Custom": "a"}}),
			`headers.add has "X Custom", which is no header name: write letters, digits and hyphens, such as X-App-Version`,
		},
		"an empty name": {
			withHeaders(v1alpha1.Headers{Remove: v1alpha1.HeaderNames{""}}),
			`headers.remove has "", which is no header name: write letters, digits and hyphens, such as X-App-Version`,
		},
		"a name with a line break": {
			withHeaders(v1alpha1.Headers{Response: &v1alpha1.ResponseHeaders{Set: v1alpha1.HeaderFields{"X\r\nY": "a"}}}),
			`headers.response.set has "X\r\nY", which is no header name: write letters, digits and hyphens, such as X-App-Version`,
		},
		"a value with a line break": {
			withHeaders(v1alpha1.Headers{Set: v1alpha1.HeaderFields{"X-Custom": "a\r\nSet-Cookie: b"}}),
			"headers.set gives X-Custom a value with a control character, a line break perhaps: leave it out",
		},
		"a field that frames the message": {
			withHeaders(v1alpha1.Headers{Set: v1alpha1.HeaderFields{"content-LENGTH": "7"}}),
			"headers.set has content-LENGTH, which is the proxy's own: leave it out",
		},
		"a field that the proxy writes": {
			withHeaders(v1alpha1.Headers{Response: &v1alpha1.ResponseHeaders{Remove: v1alpha1.HeaderNames{"X-Forwarded-For"}}}),
			"headers.response.remove has X-Forwarded-For, which is the proxy's own: leave it out",
		},
		"a field that the proxy writes, in another case": {
			withHeaders(v1alpha1.Headers{Add: v1alpha1.HeaderFields{"X-FORWARDED-proto": "https"}}),
			"headers.add has X-FORWARDED-proto, which is the proxy's own: leave it out",
		},
		"a name in two cases": {
			withHeaders(v1alpha1.Headers{Add: v1alpha1.HeaderFields{"x-custom": "a", "X-Custom": "b", "A": "c"}}),
			"headers.add has X-Custom and x-custom, which are one header: write it once",
		},
		"a prefix above the root": {
			rewritten(v1alpha1.Rewrite{StripPrefix: "/../api"}),
			`rewrite.stripPrefix "/../api" cannot be stripped: the path climbs above the root`,
		},
		"a replacement without a slash": {
			rewritten(v1alpha1.Rewrite{ReplacePath: "v2"}),
			`rewrite.replacePath "v2" cannot be forwarded: the path does not begin with a slash`,
		},
		"both rewrites": {
			rewritten(v1alpha1.Rewrite{StripPrefix: "/api", ReplacePath: "/v2"}),
			"rewrite has both stripPrefix and replacePath: write one of them",
		},
		"no rewrite": {
			rewritten(v1alpha1.Rewrite{}),
			"rewrite has neither stripPrefix nor replacePath, replacePrefix, regex or host: write one of them, or leave rewrite out",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			snapshot, reports := build(translate.Input{
				Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "a", 1, newRule("x.io", prefix("/", "right"), test.path))}),
				Tasks:   []*v1alpha1.Task{newTask("default", "one", "api", "10.0.0.1")},
			})
			// The path must not fall to "/", which has no such policy.
			want := []string{"x.io Prefix / -> default/right:80 by default/a", "x.io Prefix /api -> default/api:80/InvalidRule by default/a"}
			if diff := cmp.Diff(want, served(snapshot)); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
			c := conditionOf(t, reports, "Ingress", "default/a", v1alpha1.ConditionAccepted)
			wrong := accepted{metav1.ConditionFalse, "InvalidRule",
				"rules[0].paths[1]: " + test.fault + "; the path answers 503; its other paths are served"}
			if diff := cmp.Diff(wrong, accepted{c.Status, c.Reason, c.Message}); diff != "" {
				t.Errorf("Accepted (-want +got):\n%s", diff)
			}
		})
	}
}

// resourceText is how a Quantity is written, cut to what a message holds of it.
func resourceText(quantity string) string {
	q := resource.MustParse(quantity)
	if text := q.String(); len(text) > 128 {
		return strings.ToValidUTF8(text[:128], "") + "…"
	}
	return q.String()
}
