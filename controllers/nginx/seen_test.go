// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/fixture"
)

// Each row is what the real controller was seen to do, in the words of that list. A row says the requests and what
// becomes of each.
func TestWhatIngressNginxWasSeenToDo(t *testing.T) {
	t.Parallel()
	const h = "h.io"
	web := func(paths string, annotations ...string) object {
		return object{name: "a", host: h, paths: paths, annotations: annotations}
	}
	for _, test := range []struct {
		name    string
		objects []object
		// want is "request => what becomes of it", a line each. A request may have fields after " | ".
		want string
	}{
		{"path `/app(/|$)(.*)`, `rewrite-target: /$2`", []object{web("Specific /app(/|$)(.*) -> web", "rewrite-target: /$2")}, `
			h.io/app/x => web /x
			h.io/app => web /
			h.io/APP/x => web /x
			h.io/application => 404 RouteNotFound`},
		{"another Ingress of that host, no annotations, path `/Other` Prefix: every path of the host has become an expression without an end",
			[]object{web("Specific /app(/|$)(.*) -> web", "rewrite-target: /$2"), {name: "b", host: h, paths: "Prefix /Other -> api", minutes: 1}}, `
			h.io/other => api /other
			h.io/otherwise => api /otherwise`},
		{"Prefix `/foo`, no expression on the host", []object{web("Prefix /foo -> web")}, `
			h.io/foo => web /foo
			h.io/foo/x => web /foo/x
			h.io/foobar => 404 RouteNotFound`},
		{"Exact `/foo`", []object{web("Exact /foo -> web")}, `
			h.io/foo => web /foo
			h.io/foo/ => 404 RouteNotFound`},
		{"ImplementationSpecific `/x` beside `/`: it is turned into Prefix", []object{web("Specific /x -> api; Prefix / -> web")}, `
			h.io/x => api /x
			h.io/xyz => web /xyz`},
		{"`rewrite-target: /` on `/api`", []object{web("Prefix /api -> web", "rewrite-target: /")}, `
			h.io/api/v1/users?q=1 => web /?q=1`},
		{"`tls` covers the host, no Secret", []object{{name: "a", host: h, paths: "Prefix / -> web", tls: []string{h}}}, `
			h.io/p?q=1 => 308 https://h.io/p?q=1
			h.io:8000/p => 308 https://h.io/p
			h.io/p | https => web /p`},
		{"`tls` of another Ingress covers the host", []object{{name: "a", host: h, paths: "Prefix / -> web", tls: []string{h}},
			{name: "b", host: h, paths: "Prefix /b -> api"}}, `
			h.io/b => 308 https://h.io/b`},
		{"`force-ssl-redirect` without `tls`, request for `/`", []object{web("Prefix / -> web", "force-ssl-redirect: true")}, `
			h.io/ => 308 https://h.io
			h.io/ | https => web /`},
		{"`permanent-redirect: https://new.example.com/x`, request `/y?z=1`: nothing is appended",
			[]object{web("Prefix / -> web", "permanent-redirect: https://new.example.com/x")}, `
			h.io/y?z=1 => 301 https://new.example.com/x`},
		{"`from-to-www-redirect` on `www.h`", []object{{name: "a", host: "www.h.io", paths: "Prefix / -> web", annotations: []string{"from-to-www-redirect: true"}}}, `
			h.io/p => 308 http://www.h.io/p
			h.io/p | https => 308 https://www.h.io/p
			www.h.io/p => web /p`},
		{"`whitelist-source-range` with a prefix that there is not", []object{web("Prefix / -> web", "whitelist-source-range: 10.0.0.0/99")}, `
			h.io/ => 503 RuleClosed`},
		{"`limit-rps: 1`: six of ten at once pass (burst 5 plus one), ours says 429", []object{web("Prefix / -> web", "limit-rps: 1")}, `
			h.io/1 => web /1
			h.io/2 => web /2
			h.io/3 => web /3
			h.io/4 => web /4
			h.io/5 => web /5
			h.io/6 => web /6
			h.io/7 => 429 RateLimited`},
		{"CORS defaults", []object{web("Prefix / -> web", "enable-cors: true")}, `
			OPTIONS h.io/ => 204
			h.io/ => web /`},
		{"`cors-allow-origin: https://ui…`, another Origin: no CORS field at all, served", []object{web("Prefix / -> web", "enable-cors: true", "cors-allow-origin: https://ui.h.io")}, `
			h.io/ | Origin: https://evil.io => web /
			OPTIONS h.io/ | Origin: https://evil.io => web /
			OPTIONS h.io/ | Origin: https://ui.h.io => 204`},
		{"two Ingresses, one path: the older", []object{{name: "b", host: h, paths: "Prefix / -> web"}, {name: "a", host: h, paths: "Prefix / -> api", minutes: 1}}, `
			h.io/ => web /`},
		{"Ingress without a host, path `/z`: answers unknown hosts alone; a host that has rules says 404",
			[]object{web("Prefix /a -> web"), {name: "z", paths: "Prefix /z -> api"}}, `
			other.io/z => api /z
			h.io/z => 404 RouteNotFound`},
		{"`*.w.example.com`: one label", []object{{name: "a", host: "*.w.io", paths: "Prefix / -> web"}}, `
			p.w.io/ => web /
			p.q.w.io/ => 404 RouteNotFound`},
		{"`use-regex`, `/item/[0-9]+`", []object{web("Specific /item/[0-9]+ -> web", "use-regex: true")}, `
			h.io/item/42/x => web /item/42/x
			h.io/item/x => 404 RouteNotFound`},
		{"unknown host; unknown name over HTTPS: 404", []object{web("Prefix / -> web")}, `
			other.io/ => 404 RouteNotFound
			other.io/ | https => 404 RouteNotFound`},
		{"target without a rewrite: as sent; we forward a canonical path", []object{web("Prefix /foo -> web")}, `
			h.io/foo//x/../y => web /foo/y
			h.io/bar/../foo/%41 => web /foo/A`},
		{"`server-alias` that another Ingress has as its host: that Ingress has it",
			[]object{web("Prefix / -> web", "server-alias: alias.io,taken.io"), {name: "b", host: "taken.io", paths: "Prefix / -> api", minutes: 1}}, `
			alias.io/ => web /
			taken.io/ => api /`},
		{"no endpoints: 503", []object{web("Prefix / -> nobody")}, `
			h.io/ => 503 NoHealthyTask`},
		{"no endpoints, with `default-backend`: that answers for the request's own path", []object{web("Prefix / -> nobody", "default-backend: next")}, `
			h.io/x?y => next /x?y`},
		{"`auth-type: basic`, Secret missing: 503", []object{web("Prefix / -> web", "auth-type: basic", "auth-secret: missing")}, `
			h.io/ => 503 AuthUnavailable
			h.io/ | Authorization: Basic Ym9iOnRlc3Q= => 503 AuthUnavailable`},
		{"canary by header `always`, `never`, another value",
			[]object{web("Prefix / -> web"), {name: "c", host: h, paths: "Prefix / -> next", annotations: []string{"canary: true", "canary-by-header: X-Canary"}, minutes: 1}}, `
			h.io/ | X-Canary: always => next /
			h.io/ | X-Canary: never => web /
			h.io/ | X-Canary: maybe => web /
			h.io/ => web /`},
		{"canary by header and value: the value: canary; `always` means nothing",
			[]object{web("Prefix / -> web"), {name: "c", host: h, paths: "Prefix / -> next",
				annotations: []string{"canary: true", "canary-by-header: X-Canary", "canary-by-header-value: blue"}, minutes: 1}}, `
			h.io/ | X-Canary: blue => next /
			h.io/ | X-Canary: always => web /`},
		{"canary on a path that main does not have: goes to main by main's path",
			[]object{web("Prefix / -> web"), {name: "c", host: h, paths: "Prefix /c -> next", annotations: []string{"canary: true", "canary-weight: 100"}, minutes: 1}}, `
			h.io/c => web /c`},
		{"canary without a main: 404: it makes no host",
			[]object{{name: "c", host: h, paths: "Prefix / -> next", annotations: []string{"canary: true", "canary-weight: 100"}}}, `
			h.io/ => 404 RouteNotFound`},
		{"canary whose service and port some older Ingress of the namespace uses as an ordinary backend: was never picked, would be now",
			[]object{web("Prefix / -> web"), {name: "b", host: "other.io", paths: "Prefix / -> next"},
				{name: "c", host: h, paths: "Prefix / -> next", annotations: []string{"canary: true", "canary-weight: 100"}, minutes: 1}}, `
			h.io/ => next /`},
		{"main and canary created in the same second, service shared (canary takes everything; here it takes its share)",
			[]object{web("Prefix / -> web; Prefix /next -> next"), {name: "b", host: "other.io", paths: "Prefix / -> next"},
				{name: "c", host: h, paths: "Prefix / -> next", annotations: []string{"canary: true", "canary-by-header: X-Canary"}}}, `
			h.io/ | X-Canary: always => next /
			h.io/ => web /
			h.io/next => next /next
			other.io/ => next /`},
		{"main and canary created in the same second, service shared by both of them",
			[]object{web("Prefix / -> web"), {name: "c", host: h, paths: "Prefix / -> web", annotations: []string{"canary: true", "canary-weight: 50"}}}, `
			h.io/ => web /`},
		{"canary by cookie", []object{web("Prefix / -> web"), {name: "c", host: h, paths: "Prefix / -> next", annotations: []string{"canary: true", "canary-by-cookie: c"}, minutes: 1}}, `
			h.io/ | Cookie: a=b; c=always => next /
			h.io/ | Cookie: c=never => web /`},
		{"canary by a pattern, which matches a part", []object{web("Prefix / -> web"), {name: "c", host: h, paths: "Prefix / -> next",
			annotations: []string{"canary: true", "canary-by-header: X-C", "canary-by-header-pattern: b[lr]ue"}, minutes: 1}}, `
			h.io/ | X-C: dark-blue-1 => next /
			h.io/ | X-C: red => web /`},
		{"`satisfy: any` with an allow list and basic auth: without credentials 401, with them 200",
			[]object{web("Prefix / -> web", "satisfy: any", "allowlist-source-range: 10.0.0.0/8", "auth-type: basic", "auth-secret: users")}, `
			h.io/ => 401 AuthRequired
			h.io/ | Authorization: Basic Ym9iOndyb25n => 401 AuthRequired
			h.io/ | Authorization: Basic Ym9iOnRlc3Q= => web /
			h.io/ | X-Forwarded-For: 10.1.2.3 => web /`},
		{"`auth-url` answers 401 with `auth-signin`: 302 with `rd`",
			[]object{web("Prefix / -> web", "auth-url: http://auth.shop.svc.cluster.local/?status=401", "auth-signin: https://id.io/in")}, `
			h.io/x?y => 302 https://id.io/in?rd=http%3A%2F%2Fh.io%2Fx%3Fy`},
		{"`auth-url` answers 401 without `auth-signin`: 401",
			[]object{web("Prefix / -> web", "auth-url: http://auth.shop.svc.cluster.local/?status=401")}, `
			h.io/ => 401 AuthRequired`},
		{"`auth-url` answers 403: 403",
			[]object{web("Prefix / -> web", "auth-url: http://auth.shop.svc.cluster.local/?status=403", "auth-signin: https://id.io/in")}, `
			h.io/ => 403 AuthDenied`},
		{"`auth-url` unreachable: 500", []object{web("Prefix / -> web", "auth-url: http://nobody.shop.svc.cluster.local/", "auth-signin: https://id.io/in")}, `
			h.io/ => 500 AuthUnavailable`},
		{"`custom-http-errors` without `default-backend`: an answer is as it was", []object{web("Prefix / -> web", "custom-http-errors: 404")}, `
			h.io/?status=404 => 404 web /?status=404`},
		{"`backend-protocol: HTTPS` to plain HTTP", []object{web("Prefix / -> web", "backend-protocol: HTTPS")}, `
			h.io/ => 502 UpstreamTLSFailed`},
		{"surprise: `/my-path` is sent to `/my-path/` where only the latter is a rule", []object{web("Prefix /my-path/ -> web")}, `
			h.io/my-path?q => 301 http://h.io/my-path/?q
			h.io/my-path/ => web /my-path/
			h.io/my-path/x => web /my-path/x`},
	} {
		t.Run(strings.ReplaceAll(test.name, "/", "∕"), func(t *testing.T) {
			t.Parallel()
			r := serve(t, nil, test.objects, withUsers(t)...)
			for line := range strings.Lines(strings.TrimSpace(test.want)) {
				request, want, ok := strings.Cut(strings.TrimSpace(line), " => ")
				if !ok {
					t.Fatalf("%q says no outcome", line)
				}
				what, fields, _ := strings.Cut(request, " | ")
				var list []string
				if fields != "" {
					list = strings.Split(fields, " | ")
				}
				if got := r.ask(what, list...).String(); got != want {
					t.Errorf("%s: got %q, want %q\n%s", request, got, want, r.says("a"))
				}
			}
		})
	}
}

// TestWhatBackendsAndClientsWereSeenToGet is about fields.
func TestWhatBackendsAndClientsWereSeenToGet(t *testing.T) {
	t.Parallel()
	one := func(annotations ...string) []object {
		return []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: annotations}}
	}
	for _, test := range []struct {
		name    string
		objects []object
		what    string
		fields  []string
		want    map[string]string
	}{
		{"CORS defaults: the same fields on a GET without Origin", one("enable-cors: true"), "h.io/", nil, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "GET, PUT, POST, DELETE, PATCH, OPTIONS",
			"Access-Control-Allow-Headers": "DNT, Keep-Alive, User-Agent, X-Requested-With, If-Modified-Since, Cache-Control, Content-Type, Range, Authorization",
			"Access-Control-Max-Age":       "1728000"}},
		{"CORS defaults: preflight", one("enable-cors: true"), "OPTIONS h.io/", []string{"Origin: https://a.io", "Access-Control-Request-Method: PUT"}, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true", "Access-Control-Max-Age": "1728000"}},
		{"another Origin: no CORS field at all", one("enable-cors: true", "cors-allow-origin: https://ui.h.io"), "h.io/", []string{"Origin: https://evil.io"}, map[string]string{
			"Access-Control-Allow-Origin": "", "Access-Control-Allow-Credentials": "", "Access-Control-Allow-Methods": "", "X-Service": "web"}},
		{"`upstream-vhost: inner`: Host `inner`, X-Forwarded-Host the client's", one("upstream-vhost: inner"), "h.io/", nil, map[string]string{
			"X-Host": "inner", "Got-X-Forwarded-Host": "h.io"}},
		{"`x-forwarded-prefix` without a rewrite: not sent", one("x-forwarded-prefix: /app"), "h.io/", nil, map[string]string{"Got-X-Forwarded-Prefix": ""}},
		{"`x-forwarded-prefix` with a rewrite", one("x-forwarded-prefix: /app", "rewrite-target: /x"), "h.io/", nil, map[string]string{"Got-X-Forwarded-Prefix": "/app"}},
		{"HTTPS, default configuration", one(), "h.io/", []string{"https"}, map[string]string{"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}},
		{"HTTPS, default configuration: on every answer of a rule, a 404 too", one(), "h.io/?status=404", []string{"https"},
			map[string]string{"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}},
		{"HTTPS, default configuration: unknown names too (here not where no rule takes the request)", one(), "other.io/", []string{"https"},
			map[string]string{"Strict-Transport-Security": ""}},
		{"plain HTTP, default configuration", one(), "h.io/", nil, map[string]string{"Strict-Transport-Security": ""}},
		{"`proxy-redirect-from/-to`: Location rewritten, host and port of the request put before a path", one("proxy-redirect-from: http://inner/", "proxy-redirect-to: /"),
			"h.io:8080/?location=http://inner/x", nil, map[string]string{"Location": "http://h.io:8080/x"}},
		{"`custom-http-errors: \"404\"`, `default-backend`: the default backend is asked for `/`", one("custom-http-errors: 404", "default-backend: next"),
			"h.io/x?status=404", []string{"Accept: text/html"}, map[string]string{"X-Service": "next", "X-Target": "/", "Got-X-Code": "404", "Got-X-Format": "text/html",
				"Got-X-Original-Uri": "/x?status=404", "Got-X-Namespace": "shop", "Got-X-Ingress-Name": "a", "Got-X-Service-Name": "web", "Got-X-Service-Port": "80"}},
		{"`custom-http-errors: \"404\"`, `default-backend`: with X-Request-ID, and its status is what the client gets", one("custom-http-errors: 404", "default-backend: next"),
			"h.io/x?status=404", []string{"X-Request-ID: 7f1c0e4d2b3a49588e6f7a8b9c0d1e2f", "https"},
			map[string]string{"X-Service": "next", "Got-X-Request-Id": "7f1c0e4d2b3a49588e6f7a8b9c0d1e2f", ":status": "200"}},
		{"no endpoints; with `default-backend`: with X-Code 503", []object{{name: "a", host: "h.io", paths: "Prefix / -> nobody", annotations: []string{"default-backend: next"}}}, "h.io/x?y", nil,
			map[string]string{"X-Service": "next", "X-Target": "/x?y", "Got-X-Code": "503"}},
		{"`$service_name-$namespace-$ingress_name-$service_port` in a snippet: filled in",
			one("configuration-snippet: proxy_set_header X-Made $service_name-$namespace-$ingress_name-$service_port;"), "h.io/", nil, map[string]string{"Got-X-Made": "web-shop-a-80"}},
		{"`Proxy` is taken off", one(), "h.io/", []string{"Proxy: http://evil.io"}, map[string]string{"Got-Proxy": ""}},
		{"names with underscores are taken off", one(), "h.io/", []string{"X_Real_IP: 1.2.3.4"}, map[string]string{"Got-X_real_ip": "", "Got-X_Real_IP": ""}},
		{"X-Forwarded-Prefix, -Server, -User, `Forwarded` of a client: passed on (we take them off)", one(), "h.io/",
			[]string{"X-Forwarded-Prefix: /evil", "X-Forwarded-Server: evil.io", "X-Forwarded-User: root", "Forwarded: for=1.2.3.4"},
			map[string]string{"Got-X-Forwarded-Prefix": "", "Got-X-Forwarded-Server": "", "Got-X-Forwarded-User": "", "Got-Forwarded": ""}},
		{"client's X-Forwarded-For: replaced (what it said goes on as X-Original-Forwarded-For, and here is taken off)", one(), "h.io/", []string{"X-Forwarded-For: 1.2.3.4"},
			map[string]string{"Got-X-Forwarded-For": "127.0.0.1", "Got-X-Original-Forwarded-For": ""}},
		{"`satisfy: any` with an allow list and basic auth: without credentials 401 with `realm=\"\"`",
			one("satisfy: any", "allowlist-source-range: 10.0.0.0/8", "auth-type: basic", "auth-secret: users"), "h.io/", nil,
			map[string]string{"Www-Authenticate": `Basic realm="", charset="UTF-8"`}},
		{"`satisfy: any` with an allow list and basic auth: Authorization does not reach the backend",
			one("satisfy: any", "allowlist-source-range: 10.0.0.0/8", "auth-type: basic", "auth-secret: users"), "h.io/", []string{asBob},
			map[string]string{"X-Service": "web", "Got-Authorization": ""}},
		{"sent to the backend", one(), "h.io/", nil, map[string]string{"Got-X-Forwarded-For": "127.0.0.1", "Got-X-Real-Ip": "127.0.0.1",
			"Got-X-Forwarded-Host": "h.io", "Got-X-Forwarded-Port": "80", "Got-X-Forwarded-Proto": "http", "Got-X-Request-Id": "*"}},
		{"sent to the backend: X-Forwarded-Port is the listener's (443 for HTTPS)", one(), "h.io/", []string{"https"}, map[string]string{"Got-X-Forwarded-Port": "443"}},
		{"sent to the backend: X-Forwarded-Host has the port", one(), "h.io:8080/", nil, map[string]string{"Got-X-Forwarded-Host": "h.io:8080"}},
		{"sent to the backend: X-Forwarded-Scheme, X-Scheme (here not: X-Forwarded-Proto says it)", one(), "h.io/", nil, map[string]string{"Got-X-Scheme": "", "Got-X-Forwarded-Scheme": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			trusted := []netip.Prefix(nil)
			if slices.Contains(test.fields, "https") {
				trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			}
			got := serveTrusting(t, trusted, nil, test.objects, withUsers(t)...).ask(test.what, test.fields...)
			for name, want := range test.want {
				value := got.Header.Get(name)
				if name == ":status" {
					value = strconv.Itoa(got.StatusCode)
				}
				if value != want && (want != "*" || value == "") {
					t.Errorf("%s is %q, want %q: %s", name, value, want, got)
				}
			}
		})
	}
}

// An unknown name over HTTPS: ingress-nginx had a certificate of its own making. Here there is none that could be
// mistaken for the host's.
func TestAnUnknownNameOverHTTPSGetsNoCertificate(t *testing.T) {
	t.Parallel()
	r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web"}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = r.proxy.ServeTLS(l) }()
	_, err = tls.Dial("tcp", l.Addr().String(), &tls.Config{ServerName: "other.io", MinVersion: tls.VersionTLS13})
	if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("got %v, want the alert unrecognized_name", err)
	}
}

// Whoever may choose an id may lead those who look for it in a log to other requests.
func TestClientsXRequestIDIsKeptOfATrustedProxy(t *testing.T) {
	t.Parallel()
	const id = "7f1c0e4d2b3a49588e6f7a8b9c0d1e2f"
	one := []object{{name: "a", host: "h.io", paths: "Prefix / -> web"}}
	if got := serve(t, nil, one).ask("h.io/", "X-Request-ID: "+id).Header.Get("Got-X-Request-Id"); got != id {
		t.Errorf("a trusted proxy's has become %q", got)
	}
	if got := serveTrusting(t, nil, nil, one).ask("h.io/", "X-Request-ID: "+id).Header.Get("Got-X-Request-Id"); got == id || got == "" {
		t.Errorf("anybody's has become %q", got)
	}
}

func TestOneEndpointOfTwoRefusesTwentyGETsAndTwentyPOSTsWithoutAnError(t *testing.T) {
	t.Parallel()
	r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web"}}, refusing(t, "web"))
	for range 20 {
		for _, what := range []string{"h.io/", "POST h.io/"} {
			if got := r.ask(what).String(); got != "web /" {
				t.Fatalf("%s: got %q", what, got)
			}
		}
	}
}

func TestLimitConnectionsOfOneWithTwoAtOnce(t *testing.T) {
	t.Parallel()
	r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{"limit-connections: 1"}}})
	first := make(chan string, 1)
	go func() { first <- r.ask("h.io/hold").String() }()
	<-r.held
	if got := r.ask("h.io/").String(); got != "429 ConnectionsLimited" {
		t.Errorf("the second gets %q", got)
	}
	r.release()
	if got := <-first; got != "web /hold" {
		t.Errorf("the first gets %q", got)
	}
}

func TestTheCookieOfAnAffinityIsAsItWasSeen(t *testing.T) {
	t.Parallel()
	r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{"affinity: cookie"}}})
	for _, test := range []struct {
		fields []string
		want   string
	}{{nil, "; Path=/; HttpOnly"}, {[]string{"https"}, "; Path=/; Secure; HttpOnly"}} {
		cookie := r.ask("h.io/", test.fields...).Header.Get("Set-Cookie")
		name, rest, _ := strings.Cut(cookie, "=")
		if value, attributes, _ := strings.Cut(rest, ";"); name != "INGRESSCOOKIE" || value == "" || "; "+strings.TrimSpace(attributes) != test.want {
			t.Errorf("the cookie is %q, want INGRESSCOOKIE with %q", cookie, test.want)
		}
	}
}

func TestContentIsBoundedAsItWasSeen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, annotation, want string
		length                 string
	}{
		{"1 MiB without an annotation", "ssl-redirect: true", "413 ContentTooLarge", "content 1048577"},
		{"as much as that", "ssl-redirect: true", "web /", "content 1048576"},
		{"no bound", "proxy-body-size: 0", "web /", "content 1048577"},
		{"another bound", "proxy-body-size: 10", "413 ContentTooLarge", "content 11"},
	} {
		r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{test.annotation}}})
		if got := r.ask("POST h.io/", test.length).String(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestMirrorsGetCopies(t *testing.T) {
	t.Parallel()
	r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{"mirror-target: http://shadow.shop.svc.cluster.local$request_uri"}}})
	if got := r.ask("POST h.io/m?q", "content 3").String(); got != "web /m?q" {
		t.Errorf("got %q", got)
	}
	select {
	case got := <-r.copies:
		if got != "POST /m?q of shadow.shop.svc.cluster.local with 3 bytes" {
			t.Errorf("the copy is %q", got)
		}
	case <-time.After(fixture.Patience):
		t.Error("no copy came")
	}
}

// Kubernetes' own list of what surprised people about ingress-nginx (27 February 2026).
func TestTheFiveSurprises(t *testing.T) {
	t.Parallel()
	r := serve(t, nil, []object{
		{name: "a", host: "one.io", paths: "Specific /[A-Z]{3} -> web", annotations: []string{"use-regex: true"}},
		{name: "b", host: "two.io", paths: "Specific /x -> web", annotations: []string{"use-regex: true"}},
		{name: "c", host: "two.io", paths: "Exact /Header -> api", minutes: 1},
		{name: "d", host: "three.io", paths: "Specific /x -> web", annotations: []string{"rewrite-target: /y"}},
		{name: "e", host: "three.io", paths: "Exact /Header -> api", minutes: 1},
		{name: "f", host: "four.io", paths: "Exact /my-path/ -> web"},
		{name: "g", host: "five.io", paths: "Exact /uuid -> web"},
	})
	for what, want := range map[string]string{
		"one.io/uuidfoo":     "web /uuidfoo",                // 1: expressions ignore case, and are open at their end
		"two.io/headers/x":   "api /headers/x",              // 2: use-regex makes the paths of other Ingresses expressions, Exact ones too
		"three.io/headers":   "api /headers",                // 3: and so does rewrite-target
		"four.io/my-path":    "301 http://four.io/my-path/", // 4
		"five.io/a/../uuid":  "web /uuid",                   // 5: paths are made canonical before they are matched
		"five.io/a/..//uuid": "web /uuid",
		"five.io/uuid/":      "404 RouteNotFound",
	} {
		if got := r.ask(what).String(); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
}
