// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// read reads an Ingress of one path with an empty ConfigMap.
func read(t *testing.T, paths string, annotations ...string) *rules.Object {
	t.Helper()
	ingress := object{name: "a", host: "h.io", paths: paths, annotations: annotations}.ingress(t)
	return nginx.Read(ingress, nginx.NewSettings(nginx.Options{Class: "nginx"}, nil), nil)
}

// What takes time, or several endpoints, is seen in the rule alone.
func TestWhatARuleGets(t *testing.T) {
	t.Parallel()
	type got struct {
		Timeouts  snapshot.Timeouts
		Retries   int
		Retry     *snapshot.Retry
		Balancing *snapshot.Balancing
		Protocol  rules.Protocol
		TLS       *rules.BackendTLS
	}
	usual := got{Timeouts: snapshot.Timeouts{Connect: 5 * time.Second, Response: time.Minute, Idle: time.Minute}, Retries: 2, Protocol: rules.HTTP}
	for name, test := range map[string]struct {
		annotations []string
		want        func(*got)
	}{
		"the defaults":          {nil, func(*got) {}},
		"a connect timeout":     {[]string{"proxy-connect-timeout: 7"}, func(g *got) { g.Timeouts.Connect = 7 * time.Second }},
		"a read timeout":        {[]string{"proxy-read-timeout: 3600"}, func(g *got) { g.Timeouts.Response, g.Timeouts.Idle = time.Hour, time.Hour }},
		"a short read timeout":  {[]string{"proxy-read-timeout: 5"}, func(g *got) { g.Timeouts.Response = 5 * time.Second }},
		"a send timeout":        {[]string{"proxy-send-timeout: 90"}, func(g *got) { g.Timeouts.Idle = 90 * time.Second }},
		"tries":                 {[]string{"proxy-next-upstream-tries: 5"}, func(g *got) { g.Retries = 4 }},
		"tries without a bound": {[]string{"proxy-next-upstream-tries: 0"}, func(g *got) { g.Retries = 10 }},
		"no tries":              {[]string{"proxy-next-upstream: off"}, func(g *got) { g.Retries = 0 }},
		"tries after statuses": {[]string{"proxy-next-upstream: error http_503 http_502 non_idempotent"},
			func(g *got) { g.Retry = &snapshot.Retry{Codes: []int{502, 503}} }},
		"a hash of the client": {[]string{"upstream-hash-by: $binary_remote_addr"}, func(g *got) { g.Balancing = &snapshot.Balancing{Policy: snapshot.Hash} }},
		"a hash of a field": {[]string{"upstream-hash-by: $http_x_user_id"},
			func(g *got) {
				g.Balancing = &snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnHeader, Name: "x-user-id"}
			}},
		"a hash of a cookie": {[]string{"upstream-hash-by: ${cookie_Session}"},
			func(g *got) {
				g.Balancing = &snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnCookie, Name: "Session"}
			}},
		"the fewest requests":      {[]string{"load-balance: ewma"}, func(g *got) { g.Balancing = &snapshot.Balancing{Policy: snapshot.LeastRequest} }},
		"sessions before the hash": {[]string{"upstream-hash-by: $remote_addr", "affinity: cookie"}, func(*got) {}},
		"gRPC":                     {[]string{"backend-protocol: grpc"}, func(g *got) { g.Protocol = rules.H2C }},
		"TLS":                      {[]string{"backend-protocol: GRPCS"}, func(g *got) { g.Protocol, g.TLS = rules.HTTPS, &rules.BackendTLS{SkipVerify: true} }},
		"TLS that is verified": {[]string{"backend-protocol: HTTPS", "proxy-ssl-verify: on", "proxy-ssl-secret: shop/pair", "proxy-ssl-name: b.io"}, func(g *got) {
			g.Protocol, g.TLS = rules.HTTPS, &rules.BackendTLS{CASecret: "pair", ServerName: "b.io"}
			g.TLS.MustShow, g.TLS.ClientCertificate.Namespace, g.TLS.ClientCertificate.Name = true, "shop", "pair"
		}},
		"TLS with the name of the request": {[]string{"backend-protocol: HTTPS", "proxy-ssl-name: $host"},
			func(g *got) {
				g.Protocol, g.TLS = rules.HTTPS, &rules.BackendTLS{SkipVerify: true, ServerNameFromRequest: true}
			}},
		"our own timeouts": {[]string{"ingress.warren.dev/timeouts: {connect: 1s}", "proxy-connect-timeout: 9"}, func(g *got) {
			g.Timeouts = snapshot.Timeouts{Connect: time.Second, Response: g.Timeouts.Response, Idle: 30 * time.Second}
		}},
		"our own retries": {[]string{"ingress.warren.dev/retries: {attempts: 1}"}, func(g *got) { g.Retries = 1 }},
	} {
		want := usual
		test.want(&want)
		o := read(t, "Prefix / -> web", test.annotations...)
		rule := &o.Hosts[0].Rules[0]
		is := got{rule.Timeouts, rule.Retries, rule.Retry, rule.Balancing, rule.Backends[0].Protocol, rule.Backends[0].TLS}
		if name == "our own timeouts" { // The rest is what our own say by default.
			want.Timeouts.Response, want.Timeouts.Idle = is.Timeouts.Response, is.Timeouts.Idle
		}
		if diff := cmp.Diff(want, is); diff != "" || o.Fault != nil {
			t.Errorf("%s: fault %v (-want +got):\n%s", name, o.Fault, diff)
		}
	}
}

// Our own annotations go before those of ingress-nginx.
func TestOurOwnPoliciesTakeThePlaceOfTheirs(t *testing.T) {
	t.Parallel()
	o := read(t, "Prefix / -> web", "allowlist-source-range: 10.0.0.0/8", `ingress.warren.dev/access-control: {allowedIPs: [192.0.2.0/24]}`, "limit-rps: 1",
		"ingress.warren.dev/headers: {set: {X-A: '1'}}", "proxy-body-size: 0")
	want := []policy.Policy{
		&policy.HSTS{MaxAge: 31536000, IncludeSubDomains: true},
		&policy.Access{Allowed: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
		&policy.RateLimit{PerSecond: 1, Burst: 6, PerReplica: true},
		&policy.Headers{Request: policy.HeaderChanges{Set: []policy.Header{{Name: "X-A", Value: "1"}}}},
	}
	got := o.Hosts[0].Rules[0].Policies
	if err := policy.Inspect(got); err != nil || len(got) != len(want) {
		t.Fatalf("the policies are %v: %v", got, err)
	}
	for i := range want {
		if !want[i].Equal(got[i]) {
			t.Errorf("policy %d is %+v, want %+v", i, got[i], want[i])
		}
	}
	if o = read(t, "Prefix / -> web", "ingress.warren.dev/access-control: nobody"); o.Fault == nil || o.Hosts[0].Rules[0].Fault == nil {
		t.Error("a mistake in our own annotation closes nothing")
	}
}

func TestWhichPathsAreExpressions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		annotations []string
		want        bool
	}{
		{nil, false},
		{[]string{"use-regex: false"}, false},
		{[]string{"use-regex: true"}, true},
		{[]string{"rewrite-target: /x"}, true},
		{[]string{"rewrite-target: /a"}, true}, // which changes what is below /a
	} {
		if got := read(t, "Prefix /a -> web", test.annotations...).Hosts[0].Expressions; got != test.want {
			t.Errorf("%v: the paths of the host are expressions: %t, want %t", test.annotations, got, test.want)
		}
	}
	for _, paths := range []string{"Prefix / -> web", "Exact / -> web"} {
		if read(t, paths, "rewrite-target: /").Hosts[0].Expressions {
			t.Errorf("%s: a target that changes nothing makes the paths of the host expressions", paths)
		}
	}
	o := read(t, "Specific /a(?=b) -> web", "use-regex: true")
	if f := o.Hosts[0].Rules[0].Expression.Fault; f == nil || f.Closing != rules.UnreadablePath || f.Beginning != "/a" {
		t.Errorf("a path with lookaround has the fault %+v", f)
	}
}

func TestCanaries(t *testing.T) {
	t.Parallel()
	o := read(t, "Prefix / -> web", "canary: true", "canary-by-header: X-Canary", "canary-by-header-value: blue", "canary-by-cookie: c", "canary-weight: 30",
		"canary-weight-total: 1000", "auth-url: https://ignored.io", "rewrite-target: /x")
	want := &rules.Canary{Header: "x-canary", HeaderValue: "blue", Cookie: "c", Weight: 30, Total: 1000}
	if diff := cmp.Diff(want, o.Canary); diff != "" || o.Fault != nil || o.Hosts[0].Expressions {
		t.Errorf("fault %v (-want +got):\n%s", o.Fault, diff)
	}
}

// A redirect to the host with www., or without it, takes no host from a namespace that has it.
func TestTheOtherHostOfWWWYields(t *testing.T) {
	t.Parallel()
	o := read(t, "Prefix / -> web", "from-to-www-redirect: true")
	var got []string
	for i := range o.Hosts {
		if o.Hosts[i].Yields {
			got = append(got, o.Hosts[i].Name)
		}
	}
	if !slices.Equal(got, []string{"www.h.io"}) {
		t.Errorf("%q yield", got)
	}
}

// An annotation that the Ingress is served without takes no other one's place.
func TestWhatIsIgnoredTakesOffNoGuard(t *testing.T) {
	t.Parallel()
	const ignore = "ingress.warren.dev/ignore-annotations: " + nginx.Prefix
	for _, annotations := range [][]string{
		{"canary: true", ignore + "canary", "whitelist-source-range: 192.0.2.0/24"},
		{"canary: true", ignore + "canary", "server-snippet: deny all;"},
		{"allowlist-source-range: 0.0.0.0/0", ignore + "allowlist-source-range", "whitelist-source-range: 192.0.2.0/24"},
	} {
		r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: annotations}})
		if got := r.ask("h.io/").String(); got != "403 AccessDenied" {
			t.Errorf("%v: a stranger gets %q\n%s", annotations, got, r.says("a"))
		}
		for _, j := range nginx.Judge(object{name: "a", annotations: annotations}.ingress(t), nginx.NewSettings(nginx.Options{Class: "nginx"}, nil), nil) {
			if j.Unused {
				t.Errorf("%v: %s is said to be unused", annotations, j.Name)
			}
		}
	}
	// Spaces around the value mean nothing, so the other annotations do not count.
	if o := read(t, "Prefix / -> web", "canary:  true ", "auth-url: https://ignored.io"); o.Canary == nil || o.Fault != nil {
		t.Errorf("a canary with spaces is %v, with the fault %v", o.Canary, o.Fault)
	}
}

func TestAPathThatCannotBeReadClosesWhatItMayGuard(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		annotation string
		closes     bool
	}{
		{"proxy-read-timeout: 5", false},
		{"whitelist-source-range: 10.0.0.0/8", true},
		{"limit-connections: 1", true},
		{"configuration-snippet: deny all;", true},
		{"server-snippet: add_header X-A 1;", true},
		{"ingress.warren.dev/access-control: {allowedIPs: [10.0.0.0/8]}", true},
		{"ingress.warren.dev/compression: {}", false},
	} {
		r := serve(t, nil, []object{
			{name: "a", host: "h.io", paths: "Prefix /admin?x -> web", annotations: []string{test.annotation}},
			{name: "b", host: "h.io", paths: "Prefix / -> api", minutes: 1},
		})
		want := "api /admin"
		if test.closes {
			want = "503 RuleClosed"
		}
		if got := r.ask("h.io/admin").String(); got != want {
			t.Errorf("%s: what the path may be meant for is answered with %q, want %q\n%s", test.annotation, got, want, r.says("a"))
		}
	}
}
