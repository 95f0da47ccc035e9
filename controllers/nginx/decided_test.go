// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"strconv"
	"strings"
	"testing"
)

// decided is a case of matching, rewriting, redirecting or sharing with a canary that nginx itself has decided, with
// the configuration that ingress-nginx makes of the objects: "make snippets" asks it again.
type decided struct {
	name    string
	objects []object
	// want is "request => what becomes of it", a line each, as in outcome. A request may have fields after " | ".
	want string
}

// outcome says what became of a request for a host, as far as a client and a backend see it: "web /path" if a backend
// answered, with the host and the prefix that it was told if these are not the client's, or a status with where the
// client is sent.
func outcome(host string, a answer) string {
	service := a.Header.Get("X-Service")
	if service == "" {
		return strings.TrimSpace(strconv.Itoa(a.StatusCode) + " " + a.Header.Get("Location"))
	}
	text := service + " " + a.Header.Get("X-Target")
	if asked := a.Header.Get("X-Host"); asked != host {
		text += " of " + asked
	}
	if prefix := a.Header.Get("Got-X-Forwarded-Prefix"); prefix != "" {
		text += " below " + prefix
	}
	return text
}

// asks asks all requests of the case, and says what differs from what is wanted.
func (d *decided) asks(r *rig, who string) {
	r.Helper()
	for line := range strings.Lines(strings.TrimSpace(d.want)) {
		request, want, ok := strings.Cut(strings.TrimSpace(line), " => ")
		if !ok {
			r.Fatalf("%q says no outcome", line)
		}
		what, rest, _ := strings.Cut(request, " | ")
		var list []string
		if rest != "" {
			list = strings.Split(rest, " | ")
		}
		host, _, _ := strings.Cut(what[strings.LastIndexByte(what, ' ')+1:], "/")
		if got := outcome(host, r.ask(what, list...)); got != want {
			r.Errorf("%s, %s: got %q, want %q", who, request, got, want)
		}
	}
}

func TestWhatNginxHasDecided(t *testing.T) {
	t.Parallel()
	if len(decidedByNginx) < 60 {
		t.Errorf("there are only %d cases", len(decidedByNginx))
	}
	for _, d := range decidedByNginx {
		t.Run(strings.ReplaceAll(d.name, "/", "∕"), func(t *testing.T) {
			t.Parallel()
			r := serve(t, nil, d.objects)
			d.asks(r, "here")
			if t.Failed() {
				t.Log(r.says("a"))
			}
		})
	}
}

// ing makes the Ingress of a case for h.io. Later ones of a case have to be given an age.
func ing(name, paths string, annotations ...string) object {
	return object{name: name, host: "h.io", paths: paths, annotations: annotations}
}

func (o object) on(host string) object           { o.host = host; return o }
func (o object) aged(minutes int) object         { o.minutes = minutes; return o }
func (o object) covering(hosts ...string) object { o.tls = hosts; return o }

// next is a canary of h.io.
func next(paths string, annotations ...string) object {
	return ing("next", paths, append([]string{"canary: true"}, annotations...)...).aged(5)
}

var decidedByNginx = []decided{
	// Matching.
	{"a Prefix without a slash at its end", []object{ing("a", "Prefix /foo -> web")}, `
		h.io/foo => web /foo
		h.io/foo?q=1 => web /foo?q=1
		h.io/foo/ => web /foo/
		h.io/foo/x => web /foo/x
		h.io/foox => 404
		h.io/FOO => 404`},
	{"a Prefix with a slash at its end", []object{ing("a", "Prefix /foo/ -> web")}, `
		h.io/foo/ => web /foo/
		h.io/foo/x => web /foo/x
		h.io/foo => 301 http://h.io/foo/
		h.io/foo?q=1 => 301 http://h.io/foo/?q=1
		h.io/foox => 404`},
	{"an Exact path with a slash at its end", []object{ing("a", "Exact /foo/ -> web")}, `
		h.io/foo/ => web /foo/
		h.io/foo => 301 http://h.io/foo/
		h.io/foo/x => 404`},
	{"an Exact and a Prefix of the same path", []object{ing("a", "Prefix /foo -> web; Exact /foo -> api")}, `
		h.io/foo => api /foo
		h.io/foo/ => web /foo/
		h.io/foo/x => web /foo/x`},
	{"an Exact one of a younger Ingress beside a Prefix", []object{ing("a", "Prefix / -> web; Prefix /x -> web"), ing("b", "Exact /x/y -> api").aged(1)}, `
		h.io/x/y => api /x/y
		h.io/x/y/ => web /x/y/
		h.io/x/z => web /x/z
		h.io/y => web /y`},
	{"the longer Prefix, whichever is older", []object{ing("a", "Prefix /a -> web"), ing("b", "Prefix /a/b -> api; Prefix /a/b/c -> next").aged(1)}, `
		h.io/a/b/c/d => next /a/b/c/d
		h.io/a/b/cd => api /a/b/cd
		h.io/a/bc => web /a/bc
		h.io/a => web /a`},
	{"a path that has a slash and a dot", []object{ing("a", "Prefix /v1.0/x -> web; Prefix /v1 -> api")}, `
		h.io/v1.0/x => web /v1.0/x
		h.io/v1.0/y => 404
		h.io/v1/0/x => api /v1/0/x
		h.io/v1a0/x => 404`},
	{"paths of two Ingresses on one host", []object{ing("a", "Prefix /a -> web"), ing("b", "Prefix /b -> api; Prefix /a -> api").aged(1)}, `
		h.io/a => web /a
		h.io/b => api /b
		h.io/c => 404`},
	{"a path with escapes and one with spaces", []object{ing("a", "Prefix /caf%C3%A9 -> web; Prefix /a -> api")}, `
		h.io/a%20b => 404
		h.io/a/%20b => api /a/%20b`},
	{"another host, and a wildcard beside an exact one", []object{ing("a", "Prefix / -> web").on("*.h.io"), ing("b", "Prefix /b -> api").on("b.h.io").aged(1)}, `
		a.h.io/x => web /x
		b.h.io/b => api /b
		b.h.io/x => 404
		a.b.h.io/x => 404
		h.io/x => 404`},
	{"an Ingress without a host beside one with a host", []object{ing("a", "Prefix / -> web").on(""), ing("b", "Prefix /b -> api").aged(1)}, `
		other.io/x => web /x
		h.io/b => api /b
		h.io/x => 404`},
	{"a default backend of an Ingress with rules", []object{{name: "a", host: "h.io", paths: "Prefix /a -> web", defaultBackend: "api"}}, `
		h.io/a => web /a
		h.io/b => api /b
		other.io/b => 404`},
	{"a default backend of an Ingress without rules", []object{{name: "a", defaultBackend: "api"}, ing("b", "Prefix /b -> web").aged(1)}, `
		other.io/x => api /x
		h.io/b => web /b
		h.io/x => 404`},
	{"use-regex: the longest text first, and then the last in the alphabet", []object{ing("a", "Specific /a.* -> web; Specific /ab.* -> api; Specific /ac.* -> next", "use-regex: true")}, `
		h.io/ax => web /ax
		h.io/abx => api /abx
		h.io/acx => next /acx
		h.io/AB => api /AB`},
	{"use-regex: a longer text that matches less", []object{ing("a", "Specific /[a-z]+/[0-9]+ -> web; Prefix /shop -> api", "use-regex: true")}, `
		h.io/shop/12 => web /shop/12
		h.io/shop/x => api /shop/x
		h.io/shopping => api /shopping
		h.io/12/shop => 404`},
	{"use-regex: an end", []object{ing("a", "Specific /a$ -> web; Specific /a -> api", "use-regex: true")}, `
		h.io/a => web /a
		h.io/a/ => api /a/
		h.io/ab => api /ab`},
	{"use-regex: alternatives that are not in a group", []object{ing("a", "Specific /a|/b -> web", "use-regex: true")}, `
		h.io/a/x => web /a/x
		h.io/x/b => web /x/b
		h.io/c => 404`},
	{"use-regex: a Prefix in it ends where its text does", []object{ing("a", "Prefix /a/ -> web; Prefix /b -> api", "use-regex: true")}, `
		h.io/a/x => web /a/x
		h.io/a => 404
		h.io/bcd => api /bcd`},
	{"use-regex of one Ingress makes an Exact path of another an expression", []object{ing("a", "Specific /a[0-9] -> web", "use-regex: true"), ing("b", "Exact /b -> api").aged(1)}, `
		h.io/a1 => web /a1
		h.io/b => api /b
		h.io/bx => api /bx
		h.io/B => api /B`},
	{"use-regex of one Ingress gives a Prefix of another beside an Exact one a slash", []object{ing("a", "Specific /a[0-9] -> web", "use-regex: true"), ing("b", "Exact /b -> api; Prefix /b -> next").aged(1)}, `
		h.io/b => api /b
		h.io/b/x => api /b/x
		h.io/bx => api /bx`},
	{"use-regex: the root of a host", []object{ing("a", "Prefix / -> web; Specific /a+ -> api", "use-regex: true")}, `
		h.io/aa => api /aa
		h.io/b => web /b
		h.io/ => web /`},
	{"use-regex: a dot matches a slash", []object{ing("a", "Specific /a.b -> web", "use-regex: true")}, `
		h.io/a/b => web /a/b
		h.io/a.b => web /a.b
		h.io/aab/c => web /aab/c
		h.io/ab => 404`},
	{"use-regex: a class and a bound of repetition", []object{ing("a", `Specific /v[12]\.[0-9]{1,2}/ -> web; Prefix / -> api`, "use-regex: true")}, `
		h.io/v1.0/x => web /v1.0/x
		h.io/v2.10/ => web /v2.10/
		h.io/v3.1/x => api /v3.1/x
		h.io/v1.100/x => api /v1.100/x`},
	{"use-regex: a question is no part of a path", []object{ing("a", "Specific /a\\?b -> web; Specific /a -> api", "use-regex: true")}, `
		h.io/a?b => api /a?b`},

	// Rewriting.
	{"a target without groups", []object{ing("a", "Prefix /a -> web", "rewrite-target: /x")}, `
		h.io/a => web /x
		h.io/a/b/c?q=1 => web /x?q=1
		h.io/A/b => web /x
		h.io/ab => web /x`},
	{"the rest of a path", []object{ing("a", "Specific /a(/|$)(.*) -> web", "rewrite-target: /$2")}, `
		h.io/a => web /
		h.io/a/ => web /
		h.io/a/b/c/?q=1 => web /b/c/?q=1
		h.io/a//b => web /b
		h.io/ab => 404`},
	{"the rest of a path with another beginning", []object{ing("a", "Specific /old/(.*) -> web", "rewrite-target: /new/$1")}, `
		h.io/old/x => web /new/x
		h.io/old/ => web /new/
		h.io/old => 404
		h.io/older/x => 404`},
	{"groups in another order", []object{ing("a", "Specific /([a-z]+)/([0-9]+)/(.*) -> web", "rewrite-target: /$3/$2/$1")}, `
		h.io/x/12/rest/of/it => web /rest/of/it/12/x
		h.io/X/12/y => web /y/12/X
		h.io/x/y/12 => 404`},
	{"a group that matches nothing", []object{ing("a", "Specific /a(b)?(/.*)? -> web", "rewrite-target: /x$1$2")}, `
		h.io/a => web /x
		h.io/ab/c => web /xb/c
		h.io/a/c => web /x/c`},
	{"a target with a query of the client", []object{ing("a", "Specific /a/(.*) -> web", "rewrite-target: /b/$1")}, `
		h.io/a/c?x=%20&y=/ => web /b/c?x=%20&y=/`},
	{"an escape in what is rewritten", []object{ing("a", "Specific /a/(.*) -> web", "rewrite-target: /b/$1")}, `
		h.io/a/x%20y => web /b/x%20y
		h.io/a/caf%C3%A9 => web /b/caf%C3%A9
		h.io/a/50%25 => web /b/50%25
		h.io/a/x+y => web /b/x+y
		h.io/a/x;y=1 => web /b/x;y=1`},
	{"a target that is the path", []object{ing("a", "Prefix /a -> web", "rewrite-target: /a")}, `
		h.io/a => web /a
		h.io/a/b => web /a
		h.io/A/b => web /a
		h.io/ab => web /ab`},
	{"a target that is the root, at the root", []object{ing("a", "Prefix / -> web", "rewrite-target: /")}, `
		h.io/ => web /
		h.io/a/b => web /a/b`},
	{"two paths with one target", []object{ing("a", "Specific /a(/|$)(.*) -> web; Specific /b(/|$)(.*) -> api", "rewrite-target: /$2")}, `
		h.io/a/x => web /x
		h.io/b/x => api /x
		h.io/b => api /`},
	{"two Ingresses, one of which rewrites", []object{ing("a", "Specific /a(/|$)(.*) -> web", "rewrite-target: /$2"), ing("b", "Prefix /b -> api; Prefix / -> next").aged(1)}, `
		h.io/a/x => web /x
		h.io/b/x => api /b/x
		h.io/bx => api /bx
		h.io/x => next /x`},
	{"a prefix that the backend is told of", []object{ing("a", "Specific /a(/|$)(.*) -> web; Specific /b -> api", "rewrite-target: /$2", "x-forwarded-prefix: /a")}, `
		h.io/a/x => web /x below /a
		h.io/b/x => api / below /a`},
	{"a prefix without a rewrite", []object{ing("a", "Prefix /a -> web", "x-forwarded-prefix: /a")}, `
		h.io/a/x => web /a/x`},
	{"another host for the backend", []object{ing("a", "Prefix / -> web", "upstream-vhost: inner.io")}, `
		h.io/x => web /x of inner.io`},
	{"a host for the backend made of what is known", []object{ing("a", "Prefix / -> web", "upstream-vhost: $service_name.$namespace.svc:$service_port")}, `
		h.io/x => web /x of web.shop.svc:80`},
	{"what is before the match in an expression of alternatives", []object{ing("a", "Specific /a/(x)|/b/(y) -> web", "rewrite-target: /n/$1$2")}, `
		h.io/a/x => web /n/x
		h.io/c/b/y/z => web /n/y`},
	{"a target with text behind a group", []object{ing("a", "Specific /files/(.*) -> web", "rewrite-target: /$1.html")}, `
		h.io/files/a => web /a.html
		h.io/files/a/b => web /a/b.html`},

	// Redirecting.
	{"permanent-redirect of one path", []object{ing("a", "Prefix /old -> web", "permanent-redirect: https://new.io/x")}, `
		h.io/old => 301 https://new.io/x
		h.io/old/y?z=1 => 301 https://new.io/x`},
	{"permanent-redirect: what no path has", []object{ing("a", "Prefix /old -> web", "permanent-redirect: https://new.io/x")}, `
		h.io/other => 301 https://new.io/x`},
	{"permanent-redirect of a younger Ingress: what no path has", []object{ing("a", "Prefix /a -> web"), ing("b", "Prefix /old -> web", "permanent-redirect: https://new.io/x").aged(1)}, `
		h.io/old/y => 301 https://new.io/x
		h.io/a => web /a
		h.io/other => 404`},
	{"permanent-redirect with the path and the query", []object{ing("a", "Prefix / -> web", "permanent-redirect: https://new.io$request_uri")}, `
		h.io/ => 301 https://new.io/
		h.io/y?z=1 => 301 https://new.io/y?z=1
		h.io/y%20z => 301 https://new.io/y%20z`},
	{"permanent-redirect with a status", []object{ing("a", "Prefix / -> web", "permanent-redirect: https://new.io", "permanent-redirect-code: 308")}, `
		h.io/ => 308 https://new.io
		h.io/x => 308 https://new.io`},
	{"temporal-redirect goes before permanent-redirect", []object{ing("a", "Prefix / -> web", "temporal-redirect: https://t.io/x", "permanent-redirect: https://p.io")}, `
		h.io/y => 302 https://t.io/x`},
	{"temporal-redirect with a status", []object{ing("a", "Prefix / -> web", "temporal-redirect: https://t.io/x", "temporal-redirect-code: 307")}, `
		h.io/y => 307 https://t.io/x`},
	{"a redirect to another host goes before that to HTTPS", []object{ing("a", "Prefix / -> web", "permanent-redirect: https://new.io/x").covering("h.io")}, `
		h.io/y => 301 https://new.io/x`},
	{"app-root", []object{ing("a", "Prefix / -> web", "app-root: /start")}, `
		h.io/ => 302 http://h.io/start
		h.io/?q=1 => 302 http://h.io/start
		h.io/x => web /x
		h.io/start => web /start`},
	{"app-root of an Ingress without the root", []object{ing("a", "Prefix /a -> web", "app-root: /a/start"), ing("b", "Prefix / -> api").aged(1)}, `
		h.io/ => 302 http://h.io/a/start
		h.io/b => api /b`},
	{"app-root goes before the redirect to HTTPS", []object{ing("a", "Prefix / -> web", "app-root: /start", "force-ssl-redirect: true")}, `
		h.io/ => 302 http://h.io/start
		h.io/x => 308 https://h.io/x`},
	{"TLS: to HTTPS, without a slash at the end", []object{ing("a", "Prefix / -> web").covering("h.io")}, `
		h.io/ => 308 https://h.io
		h.io/a/ => 308 https://h.io/a
		h.io/a/?q=1 => 308 https://h.io/a/?q=1
		h.io/a?q=/ => 308 https://h.io/a?q=
		h.io:8080/a => 308 https://h.io/a
		h.io/a | https => web /a`},
	{"TLS: to HTTPS, with the slash at the end", []object{ing("a", "Prefix / -> web", "preserve-trailing-slash: true").covering("h.io")}, `
		h.io/ => 308 https://h.io/
		h.io/a/ => 308 https://h.io/a/`},
	{"TLS: ssl-redirect false", []object{ing("a", "Prefix / -> web", "ssl-redirect: false").covering("h.io"), ing("b", "Prefix /b -> api").aged(1)}, `
		h.io/a => web /a
		h.io/b => 308 https://h.io/b`},
	{"TLS of another host", []object{ing("a", "Prefix / -> web").covering("other.io"), ing("b", "Prefix /b -> api").aged(1), ing("c", "Prefix / -> web").on("c.io").aged(2)}, `
		h.io/a => 308 https://h.io/a
		h.io/b => 308 https://h.io/b
		h.io/a | https => web /a
		c.io/a => web /a`},
	{"TLS of an Ingress without a host", []object{ing("a", "Prefix / -> web").on("").covering("other.io")}, `
		h.io/a => web /a`},
	{"force-ssl-redirect of a path that is rewritten", []object{ing("a", "Specific /a(/|$)(.*) -> web", "rewrite-target: /$2", "force-ssl-redirect: true")}, `
		h.io/a/b/ => 308 https://h.io/a/b
		h.io/a/b/ | https => web /b/`},
	{"from-to-www-redirect", []object{ing("a", "Prefix / -> web", "from-to-www-redirect: true")}, `
		h.io/x => web /x
		www.h.io/ => 308 http://h.io
		www.h.io/x/?q=1 => 308 http://h.io/x/?q=1
		www.h.io/x/ => 308 http://h.io/x
		www.h.io/x | https => 308 https://h.io/x`},
	{"from-to-www-redirect of a host that there is", []object{ing("a", "Prefix / -> web", "from-to-www-redirect: true"), ing("b", "Prefix /b -> api").on("www.h.io").aged(1)}, `
		www.h.io/b => api /b
		www.h.io/c => 404`},
	{"server-alias", []object{ing("a", "Prefix /a -> web", "server-alias: b.io, c.io"), ing("b", "Prefix /b -> api").aged(1)}, `
		b.io/a => web /a
		c.io/b => api /b
		c.io/c => 404`},

	// Locations of snippets.
	{"a location of the server by its beginning", []object{ing("a", "Prefix / -> web", "server-snippet: location /metrics { deny all; }")}, `
		h.io/metrics => 403
		h.io/metrics/x => 403
		h.io/metricsfoo => 403
		h.io/METRICS => web /METRICS
		h.io/x/metrics => web /x/metrics
		h.io/ => web /`},
	{"a location of the server that is shorter than a path", []object{ing("a", "Prefix /api/v1 -> web; Prefix / -> api", "server-snippet: location /api { return 410; }")}, `
		h.io/api/v1 => web /api/v1
		h.io/api/v1/x => web /api/v1/x
		h.io/api/v2 => 410
		h.io/apis => 410
		h.io/ap => api /ap`},
	{"a location of the server with the text of a path", []object{ing("a", "Prefix /api -> web; Prefix / -> api", "server-snippet: location /api { return 410; }")}, `
		h.io/api => web /api
		h.io/api/x => web /api/x
		h.io/apis => 410`},
	{"a location of the server by an expression", []object{ing("a", "Prefix /app -> web; Exact /e.php -> api; Prefix / -> next", `server-snippet: location ~ \.(php|asp)$ { return 404; }`)}, `
		h.io/x.php => 404
		h.io/app/x.php => 404
		h.io/app/x.PHP => web /app/x.PHP
		h.io/app/x.phps => web /app/x.phps
		h.io/e.php => api /e.php
		h.io/x => next /x`},
	{"a location of the server by an expression, and a path itself", []object{ing("a", "Prefix /app -> web; Prefix / -> api", "server-snippet: location ~* ^/APP { return 410; }")}, `
		h.io/app => web /app
		h.io/app/ => 410
		h.io/app/x => 410
		h.io/apple => 410
		h.io/x => api /x`},
	{"the first expression of the server", []object{ing("a", "Prefix / -> web", "server-snippet: location ~ ^/a { return 410; } location ~ ^/a/b { return 404; }")}, `
		h.io/a/b => 410
		h.io/b => web /b`},
	{"a final location of the server goes before an expression", []object{ing("a", "Prefix / -> web", "server-snippet: location ^~ /a { return 410; } location /a/b { return 401; } location ~ ^/a { return 404; }")}, `
		h.io/a/x => 410
		h.io/a/b => 404
		h.io/ab => 410`},
	{"a location of the server, where the paths are expressions", []object{ing("a", "Specific /app(/|$)(.*) -> web; Prefix / -> api", "rewrite-target: /$2", "server-snippet: location /app { return 410; } location ^~ /app/x { return 404; } location ~ /secret { deny all; }")}, `
		h.io/app/y => web /y
		h.io/app/xy => 404
		h.io/app/secret => 403
		h.io/app/x/secret => 404
		h.io/other => api /`},
	{"a location of the server, and what no path has", []object{ing("a", "Prefix /app -> web", "server-snippet: location /x { return 410; } location ~ ^/y { return 401; }")}, `
		h.io/x/1 => 410
		h.io/y => 401
		h.io/z => 404
		h.io/app => web /app`},
	{"a location of the server, and another Ingress's paths", []object{ing("a", "Prefix /app -> web", `server-snippet: location ~ /\.git { deny all; }`), ing("b", "Prefix / -> api").aged(1)}, `
		h.io/.git/config => 403
		h.io/x/.git => 403
		h.io/app/.git => 403
		h.io/app/x => web /app/x
		h.io/git => api /git`},
	{"a location of the server that sends clients elsewhere, with groups", []object{ing("a", "Prefix / -> web", "server-snippet: location ~ ^/files/(?<name>.+)/(.+)$ { return 302 https://f.io/$2/$name; }")}, `
		h.io/files/a/b => 302 https://f.io/b/a
		h.io/files/a => web /files/a`},
	{"a location of the server that leads to a path", []object{ing("a", "Prefix /new -> web; Prefix / -> api", "server-snippet: location /old { rewrite ^/old(.*)$ /new$1 last; }")}, `
		h.io/old/x => web /new/x
		h.io/older => api /newer
		h.io/x => api /x`},
	{"a location of the server with an if and a variable", []object{ing("a", "Prefix / -> web", `server-snippet: set $to /a; if ($arg_b) { set $to /b; } location /go { if ($request_method = POST) { return 405; } return 302 https://x.io$to; }`)}, `
		h.io/go => 302 https://x.io/a
		h.io/go?b=1 => 302 https://x.io/b
		POST h.io/go => 405
		h.io/stay => web /stay`},
	{"locations in the location of a path", []object{ing("a", "Prefix / -> web", "configuration-snippet: location /health { return 204; } location ~ ^/heal { return 410; }")}, `
		h.io/health => 410
		h.io/x => web /x`},
	{"a location in the location of a path, beside those of the server", []object{ing("a", "Prefix / -> web", "configuration-snippet: location ~ ^/a { return 410; }", "server-snippet: location ~ ^/a/b { return 401; } location /a/c/d { return 404; }")}, `
		h.io/a/b => 410
		h.io/a/c => 410
		h.io/x => web /x`},
	{"a location that only sets fields", []object{ing("a", "Prefix / -> web", `server-snippet: location ~* \.(js|css)$ { expires 7d; }`)}, `
		h.io/x.js => 404
		h.io/x => web /x`},

	// Canaries. A share is none or all here: what is drawn by lot cannot be compared.
	{"canary by weight: all", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-weight: 100")}, `
		h.io/x => next /x`},
	{"canary by weight: none", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-weight: 0")}, `
		h.io/x => web /x`},
	{"canary by weight of a total", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-weight: 1000", "canary-weight-total: 1000")}, `
		h.io/x => next /x`},
	{"canary by header", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-by-header: X-Next")}, `
		h.io/x => web /x
		h.io/x | X-Next: always => next /x
		h.io/x | X-Next: never => web /x
		h.io/x | X-Next: Always => web /x
		h.io/x | x-next: always => next /x
		h.io/x | X-Next: => web /x`},
	{"canary by header: never goes before the weight", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-by-header: X-Next", "canary-weight: 100")}, `
		h.io/x | X-Next: never => web /x
		h.io/x | X-Next: else => next /x
		h.io/x => next /x`},
	{"canary by header and value", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-by-header: X-Next", "canary-by-header-value: blue")}, `
		h.io/x | X-Next: blue => next /x
		h.io/x | X-Next: Blue => web /x
		h.io/x | X-Next: always => web /x
		h.io/x | X-Next: bluer => web /x`},
	{"canary by header and value, beside a weight", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-by-header: X-Next", "canary-by-header-value: blue", "canary-weight: 100")}, `
		h.io/x | X-Next: never => next /x
		h.io/x | X-Next: red => next /x`},
	{"canary by header and pattern", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-by-header: X-Next", "canary-by-header-pattern: ^b(lue)?$|dark")}, `
		h.io/x | X-Next: b => next /x
		h.io/x | X-Next: blue => next /x
		h.io/x | X-Next: blues => web /x
		h.io/x | X-Next: very dark red => next /x`},
	{"canary by cookie", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-by-cookie: next")}, `
		h.io/x | Cookie: next=always => next /x
		h.io/x | Cookie: a=b; next=always; c=d => next /x
		h.io/x | Cookie: next=never => web /x
		h.io/x | Cookie: next=1 => web /x`},
	{"canary: the header, then the cookie, then the weight", []object{ing("a", "Prefix / -> web"), next("Prefix / -> next", "canary-by-header: X-Next", "canary-by-cookie: next", "canary-weight: 100")}, `
		h.io/x | X-Next: never | Cookie: next=always => web /x
		h.io/x | X-Next: always | Cookie: next=never => next /x
		h.io/x | X-Next: else | Cookie: next=never => web /x
		h.io/x | X-Next: else | Cookie: next=else => next /x`},
	{"canary: all paths with the main one's service", []object{ing("a", "Prefix / -> web; Prefix /api -> api; Prefix /shop -> web"), ing("b", "Prefix / -> web").on("b.io").aged(1),
		next("Prefix / -> next", "canary-weight: 100")}, `
		h.io/x => next /x
		h.io/shop => next /shop
		h.io/api => api /api
		b.io/x => next /x`},
	{"canary of a path that is rewritten", []object{ing("a", "Specific /a(/|$)(.*) -> web", "rewrite-target: /$2"), next("Specific /a(/|$)(.*) -> next", "canary-by-header: X-Next", "rewrite-target: /other/$2")}, `
		h.io/a/x => web /x
		h.io/a/x | X-Next: always => next /x`},
	{"canary of another type of path", []object{ing("a", "Prefix /a -> web; Prefix / -> api"), next("Exact /a -> next", "canary-weight: 100")}, `
		h.io/a => web /a
		h.io/a/x => web /a/x`},
	{"two canaries of a service: the older one", []object{ing("a", "Prefix / -> web; Prefix /b -> web"), next("Prefix /b -> next", "canary-by-header: X-Next"),
		ing("later", "Prefix / -> api", "canary: true", "canary-weight: 100").aged(6)}, `
		h.io/x => web /x
		h.io/x | X-Next: always => next /x
		h.io/b | X-Next: always => next /b`},
}
