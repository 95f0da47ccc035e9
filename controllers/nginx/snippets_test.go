// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
)

func TestWhatSnippetsDo(t *testing.T) {
	t.Parallel()
	const h = "h.io"
	web := func(paths string, annotations ...string) object {
		return object{name: "a", host: h, paths: paths, annotations: annotations}
	}
	other := object{name: "b", host: h, paths: "Prefix /b -> api", minutes: 1}
	var many strings.Builder // expressions, of which a path has about as many as it may
	for i := range 20 {
		many.WriteString("if ($uri ~ '[a-z]{238}" + strconv.Itoa(i) + "') { set $s 1; } ")
	}
	for _, test := range []struct {
		name    string
		objects []object
		want    string
		// header and value are a field of the last answer.
		header, value string
	}{
		{"a field of requests", []object{web("Prefix / -> web", "configuration-snippet: proxy_set_header X-A $service_name-$namespace-$ingress_name-$service_port;")}, `
			h.io/ => web /`, "Got-X-A", "web-shop-a-80"},
		{"a return", []object{web("Prefix / -> web", "configuration-snippet: if ($arg_x = 1) { return 410; }")}, `
			h.io/?x=2 => web /?x=2
			h.io/?x=1 => 410 <html><head><title>410</title></head><body>The rule answers with 410.</body></html>`, "", ""},
		{"a rewrite with a target of the annotation", []object{web("Specific /app/(.*) -> web", "rewrite-target: /$1", "configuration-snippet: add_header X-B 2;")}, `
			h.io/app/x => web /x
			h.io/APP/x => web /x`, "X-B", "2"},
		{"addresses", []object{web("Prefix / -> web", `configuration-snippet: "allow 192.0.2.0/24; deny all;"`)}, `
			h.io/ => 403 AccessDenied
			h.io/ | X-Forwarded-For: 192.0.2.7 => web /`, "", ""},
		{"addresses that the annotation has refused before", []object{web("Prefix / -> web", "denylist-source-range: 192.0.2.7", `configuration-snippet: "allow 192.0.2.0/24; deny all;"`)}, `
			h.io/ | X-Forwarded-For: 192.0.2.7 => 403 AccessDenied
			h.io/ | X-Forwarded-For: 192.0.2.8 => web /`, "", ""},
		{"a bound of content", []object{web("Prefix / -> web", "proxy-body-size: 0", "configuration-snippet: client_max_body_size 10;")}, `
			POST h.io/ | content 11 => 413 ContentTooLarge`, "", ""},
		{"a server's addresses hold for paths of other Ingresses", []object{web("Prefix /a -> web", "server-snippet: deny 192.0.2.0/24;"), other}, `
			h.io/a => web /a
			h.io/a | X-Forwarded-For: 192.0.2.7 => 403 AccessDenied
			h.io/b | X-Forwarded-For: 192.0.2.7 => 403 AccessDenied
			h.io/c | X-Forwarded-For: 192.0.2.7 => 403 AccessDenied
			h.io/b => api /b
			h.io/c => 404`, "", ""},
		{"a server's return holds for paths of other Ingresses", []object{web("Prefix /a -> web", "server-snippet: if ($http_x_no) { return 451; }"), other}, `
			h.io/b => api /b
			h.io/b | X-No: 1 => 451 <html><head><title>451</title></head><body>The rule answers with 451.</body></html>`, "", ""},
		{"a location of a server", []object{web("Prefix / -> web", "server-snippet: location = /robots.txt { return 200 none; }"), other}, `
			h.io/x => web /x
			h.io/robots.txt => 200`, "", ""},
		{"a location that refuses", []object{web("Prefix / -> web", "server-snippet: location = /admin { deny all; }")}, `
			h.io/admin => 403 AccessDenied
			h.io/ => web /`, "", ""},
		{"methods, with a target and a break", []object{web("Specific /app/(.*) -> web", "rewrite-target: /$1", `configuration-snippet: "break; limit_except GET { deny all; }"`)}, `
			h.io/app/x => web /app/x
			POST h.io/app/x => 403 <html><head><title>403</title></head><body>The rule answers with 403.</body></html>`, "", ""},
		{"methods, with a target", []object{web("Specific /app/(.*) -> web", "rewrite-target: /$1", `configuration-snippet: "limit_except GET { deny all; }"`)}, `
			h.io/app/x => web /x
			POST h.io/app/x => 403 <html><head><title>403</title></head><body>The rule answers with 403.</body></html>`, "", ""},
		{"methods, with a rewrite", []object{web("Prefix / -> web", `configuration-snippet: "rewrite ^/a /b break; rewrite ^/c /d; limit_except GET { deny all; }"`)}, `
			h.io/a => web /b
			POST h.io/a => 403 <html><head><title>403</title></head><body>The rule answers with 403.</body></html>
			POST h.io/c => 403 <html><head><title>403</title></head><body>The rule answers with 403.</body></html>`, "", ""},
		{"OPTIONS that CORS leaves", []object{web("Prefix / -> web", `enable-cors: "true"`, "cors-allow-origin: https://a.io", "configuration-snippet: if ($http_x_key = '') { return 401; }")}, `
			OPTIONS h.io/ | Origin: https://a.io => 204
			OPTIONS h.io/ | Origin: https://b.io => 401 <html><head><title>401</title></head><body>The rule answers with 401.</body></html>
			OPTIONS h.io/ => 401 <html><head><title>401</title></head><body>The rule answers with 401.</body></html>`, "", ""},
		{"a location of a server whose Ingress is closed", []object{web("Prefix /a -> web", "server-snippet: location = /b/metrics { deny all; }", "auth-url: https://auth.io"), other}, `
			h.io/b => api /b
			h.io/b/metrics => 503 RuleClosed`, "", ""},
		{"a location of a server whose Ingress is closed by another snippet", []object{web("Prefix /a -> web", "server-snippet: location = /b/metrics { deny all; }", "configuration-snippet: proxy_cache x;"), other}, `
			h.io/b => api /b
			h.io/b/metrics => 503 RuleClosed`, "", ""},
		{"a location of a server whose Ingress has no path", []object{{name: "a", host: h, annotations: []string{"server-snippet: location = /b/metrics { deny all; }"}}, other}, `
			h.io/b => api /b
			h.io/b/metrics => 403 AccessDenied`, "", ""},
		{"what the service says that is asked, by another name", []object{web("Prefix / -> web", "auth-url: http://auth.shop.svc.cluster.local/",
			`configuration-snippet: "auth_request_set $who $upstream_http_x_user; proxy_set_header X-Remote $who;"`)}, `
			h.io/x | X-Remote: eve | X_Remote: eve => web /x`, "Got-X-Remote", "bob"},
		{"what the service does not say, and a client does", []object{web("Prefix / -> web", "auth-url: http://auth.shop.svc.cluster.local/",
			`configuration-snippet: "proxy_set_header X-Remote $who; auth_request_set $who $upstream_http_x_none;"`)}, `
			h.io/x | X-Remote: eve => web /x`, "Got-X-Remote", ""},
		{"what the service says, in place of what it has seen", []object{web("Prefix / -> web", "auth-url: http://auth.shop.svc.cluster.local/?see=Authorization",
			`configuration-snippet: "auth_request_set $saw $upstream_http_x_saw; proxy_set_header Authorization $saw;"`)}, `
			h.io/x | Authorization: Bearer a => web /x`, "Got-Authorization", "Bearer a"},
		{"what the service says, beside a path whose snippet is closed", []object{web("Specific /(s[a-z]{230}) -> web; Specific /x -> web", `use-regex: "true"`,
			"auth-url: http://auth.shop.svc.cluster.local/",
			`configuration-snippet: "auth_request_set $who $upstream_http_x_user; proxy_set_header X-Remote $who; set $one $1; `+many.String()+`"`)}, `
			h.io/x | X-Remote: eve => web /x`, "Got-X-Remote", "bob"},
		{"what nobody is asked for", []object{web("Prefix / -> web", `configuration-snippet: "auth_request_set $who $upstream_http_x_user; proxy_set_header X-Remote $who;"`)}, `
			h.io/x => 503 RuleClosed`, "", ""},
		{"what the service says, as a part of a value", []object{web("Prefix / -> web", "auth-url: http://auth.shop.svc.cluster.local/",
			`configuration-snippet: "auth_request_set $who $upstream_http_x_user; proxy_set_header X-Remote u-$who;"`)}, `
			h.io/x => 503 RuleClosed`, "", ""},
		{"a method", []object{web("Prefix / -> web", "configuration-snippet: proxy_method POST;")}, `
			h.io/x => web /x`, "X-Method", "POST"},
		{"a method, and a HEAD, which has no content in any case", []object{web("Prefix / -> web", "configuration-snippet: proxy_method POST;")}, `
			HEAD h.io/x => web /x`, "X-Method", "HEAD"},
		{"a method of the server, with content", []object{web("Prefix / -> web", "server-snippet: proxy_method PUT;")}, `
			POST h.io/x | content 3 => web /x`, "X-Method", "PUT"},
		{"a method that makes a tunnel", []object{web("Prefix / -> web", "configuration-snippet: proxy_method CONNECT;")}, `
			h.io/x => 503 RuleClosed`, "", ""},
		{"Lua", []object{web("Prefix / -> web", "configuration-snippet: access_by_lua_block { ngx.exit(403) }")}, `
			h.io/ => 503 RuleClosed`, "", ""},
		{"a server's Lua closes the host", []object{web("Prefix /a -> web", "server-snippet: access_by_lua_block { ngx.exit(403) }"), other}, `
			h.io/a => 503 RuleClosed
			h.io/b => 503 RuleClosed`, "", ""},
		{"a location by an expression", []object{web("Prefix / -> web", "server-snippet: location ~ /[.]git { deny all; }"), other}, `
			h.io/x => web /x
			h.io/b => api /b
			h.io/x/.git => 403 AccessDenied
			h.io/b/.git/x => 403 AccessDenied`, "", ""},
		{"addresses of a location", []object{web("Prefix / -> web", "server-snippet: location /admin { allow 192.0.2.0/24; deny all; }")}, `
			h.io/admin/x | X-Forwarded-For: 192.0.2.7 => 404 <html><head><title>404</title></head><body>The rule answers with 404.</body></html>
			h.io/admin/x => 403 AccessDenied`, "", ""},
		{"fields of a location", []object{web("Prefix / -> web", "server-snippet: location /x { add_header X-A 1; return 200 y; }", "configuration-snippet: add_header X-A 2;")}, `
			h.io/ => web /
			h.io/x => 200`, "X-A", "1"},
		{"a location of a server that is kept, whose Ingress is closed", []object{web("Prefix /a -> web", "server-snippet: location /b/m { deny all; }", "auth-url: https://auth.io"), other}, `
			h.io/b => api /b
			h.io/b/metrics => 403 AccessDenied`, "", ""},
		{"what is ignored", []object{web("Prefix / -> web", "server-snippet: deny all;", "ingress.warren.dev/ignore-annotations: "+nginx.Prefix+"server-snippet")}, `
			h.io/ => web /`, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := serve(t, nil, test.objects)
			var last answer
			for line := range strings.Lines(strings.TrimSpace(test.want)) {
				request, want, _ := strings.Cut(strings.TrimSpace(line), " => ")
				what, fields, _ := strings.Cut(request, " | ")
				var list []string
				if fields != "" {
					list = strings.Split(fields, " | ")
				}
				if last = r.ask(what, list...); last.String() != want {
					t.Errorf("%s: got %q, want %q\n%s", request, last, want, r.says("a"))
				}
			}
			if test.header != "" && last.Header.Get(test.header) != test.value {
				t.Errorf("%s is %q, want %q", test.header, last.Header.Get(test.header), test.value)
			}
		})
	}
}

// In nginx proxy_set_header says what a backend gets once a request is let in. Who gets in, which pages may read it,
// and what is compressed depends on what the client sent.
func TestWhatABackendGetsOfASnippetIsNotTheClientsWord(t *testing.T) {
	t.Parallel()
	const asEve = "Authorization: Basic ZXZlOmV2ZQ==" // who is no user
	basic, external := slices.Clip([]string{"auth-type: basic", "auth-secret: users"}), "auth-url: http://auth.shop.svc.cluster.local/?see="
	for _, test := range []struct {
		name, snippet string
		annotations   []string
		want          []string
		// header and value are a field of the last answer.
		header, value string
	}{
		{"the password of a backend lets nobody in", "proxy_set_header Authorization 'Basic Ym9iOnRlc3Q=';", basic,
			[]string{"h.io/ => 401 AuthRequired", "h.io/ | " + asEve + " => 401 AuthRequired", "h.io/ | " + asBob + " => web /"},
			"Got-Authorization", "Basic Ym9iOnRlc3Q="},
		{"a password that the backend does not get lets in", "proxy_set_header Authorization '';", basic, []string{"h.io/ | " + asBob + " => web /"}, "Got-Authorization", ""},
		{"the backend is told who it is", "proxy_set_header X-Who $remote_user;", basic, []string{"h.io/ | X-Who: eve | " + asBob + " => web /"}, "Got-X-Who", "bob"},
		{"the backend is told who it is by a field that no client may have", "proxy_set_header Remote-User $remote_user;", basic,
			[]string{"h.io/ | Remote-User: eve | Remote_User: eve | " + asBob + " => web /"}, "Got-Remote-User", "bob"},
		{"the backend is told of nobody who has proven nothing", "proxy_set_header Remote-User $remote_user;", append(basic, "satisfy: any", "allowlist-source-range: 127.0.0.1"),
			[]string{"h.io/ | Remote-User: eve | " + asEve + " => web /"}, "Got-Remote-User", ""},
		{"the backend is told of nobody by another value", "proxy_set_header Remote-User u-$remote_user;", basic, []string{"h.io/ | " + asBob + " => web /"}, "Got-Remote-User", ""},
		{"a service is not told what the backend gets", "proxy_set_header X-Key secret;", []string{external + "X-Key", "auth-response-headers: X-Saw"},
			[]string{"h.io/x => web /x"}, "Got-X-Saw", ""},
		{"a service is told what the client says, and the backend is not", "proxy_set_header Cookie '';", []string{external + "Cookie", "auth-response-headers: X-Saw"},
			[]string{"h.io/x | Cookie: a=1 => web /x"}, "Got-X-Saw", "a=1"},
		{"what the service says is not what a client says", "proxy_set_header X-User $http_x_user;", []string{external, "auth-response-headers: X-User"},
			[]string{"h.io/x | X-User: eve => web /x"}, "Got-X-User", "bob"},
		{"a variable has what a client says", "set $u $http_x_user; proxy_set_header X-User $u;", []string{external, "auth-response-headers: X-User"},
			[]string{"h.io/x | X-User: eve => web /x"}, "Got-X-User", "bob"},
		{"a page may read what a backend is not told of", "proxy_set_header Origin '';", []string{`enable-cors: "true"`, "cors-allow-origin: https://a.io"},
			[]string{"h.io/ | Origin: https://a.io => web /"}, "Access-Control-Allow-Origin", "https://a.io"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: append(slices.Clip(test.annotations), "configuration-snippet: "+strconv.Quote(test.snippet))}}, withUsers(t)...)
			var last answer
			for _, line := range test.want {
				request, want, _ := strings.Cut(line, " => ")
				fields := strings.Split(request, " | ")
				if last = r.ask(fields[0], fields[1:]...); last.String() != want {
					t.Errorf("%s: got %q, want %q\n%s", request, last, want, r.says("a"))
				}
			}
			if got := last.Header.Get(test.header); got != test.value {
				t.Errorf("%s is %q, want %q", test.header, got, test.value)
			}
		})
	}
}

func TestSnippetsThatAreSwitchedOff(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		annotation string
		hosts      bool
	}{{"configuration-snippet: add_header X-A 1;", false}, {"server-snippet: add_header X-A 1;", true}} {
		all := []client.Object{object{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{test.annotation}}.ingress(t)}
		in, _, err := sources.InputOf(all, translate.Options{IngressClass: "warren"}, gatewayapi.Options{}, nginx.Options{Class: "nginx", NoSnippets: true})
		if err != nil || len(in.Objects) != 1 {
			t.Fatalf("%d objects: %v", len(in.Objects), err)
		}
		if o := in.Objects[0]; o.Fault == nil || !strings.Contains(o.Fault.Text, "--nginx-snippets=false") || o.ClosesHosts != test.hosts {
			t.Errorf("%s: the fault is %+v, and closes hosts: %t", test.annotation, o.Fault, o.ClosesHosts)
		}
	}
}

// Each snippet of a public repository that is said to be kept is served: none is closed by what is made of it besides.
// The others answer 503.
func TestPublicSnippetsAreServedAsThePageSays(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("snippet/testdata/public.txt")
	if err != nil {
		t.Fatal(err)
	}
	var objects []object
	kept := make(map[string]bool)
	for i, text := range strings.Split("\n"+string(content), "\n=== ")[1:] {
		head, text, _ := strings.Cut(text, "\n")
		words := strings.Fields(head)
		name := "s" + strconv.Itoa(i)
		objects = append(objects, object{name: name, host: name + ".io", paths: "Prefix / -> web; Prefix /app -> api", annotations: []string{words[0] + "-snippet: " + text}})
		kept[name] = words[1] == "kept"
	}
	if len(objects) < 130 {
		t.Errorf("there are %d snippets", len(objects))
	}
	r := serve(t, nil, objects)
	for i := range objects {
		o := &objects[i]
		for _, path := range []string{"/", "/app/x"} {
			if got := r.ask(o.host + path).String(); (got == "503 RuleClosed") == kept[o.name] {
				t.Errorf("%s%s: got %q, kept: %t\n%s\n%s", o.host, path, got, kept[o.name], o.annotations[0], r.says(o.name))
			}
		}
	}
}
