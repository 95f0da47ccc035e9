// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
)

// hostileValues are what nobody means.
var hostileValues = []string{
	"", " ", "true", "false", "on", "off", "0", "1", "-1", "999999999999", "2147483647", "1e9", "/", "//", "/..", "/$1", "$1", "$", "${1}", "/$9/x", "(", "[", "a{9999}", "(?=x)", `\`,
	"a\r\nX-Evil: 1", "a\x00b", "é", "*", "*.io", "https://", "https://a b/", "http://[::1", "https://a.io$request_uri", "http://web$request_uri", "web", "shop/web", "other/web",
	"cookie", "Strict", "$remote_addr", "$http_", "$cookie_a;b", "10.0.0.0/8", "::/0", "0.0.0.0/0,x", "10.0.0.0/99", "return 200 'x';", "}", "{{", "deny all;", "location / { deny all; }",
	"location = / { return 200; }", "more_set_headers 'A: b';", "a b", "~a b", "~*(.*) $1$2", "; Path=/", "error timeout http_999", "HTTPS", "GRPC", "1.0", strings.Repeat("a", 9000), strings.Repeat("(a|", 300),
}

// snapshotApplies builds what one Ingress makes, and has a data plane take it: it would refuse the whole.
func snapshotApplies(t *testing.T, path string, annotations map[string]string) {
	t.Helper()
	ingress := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "a", UID: types.UID("a"), Annotations: annotations,
		CreationTimestamp: metav1.NewTime(time.Unix(0, 0))}}
	ingress.Spec.IngressClassName = new("nginx")
	rule := networkingv1.IngressRule{Host: "h.io"}
	rule.HTTP = &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{
		{Path: path, PathType: new(networkingv1.PathTypeImplementationSpecific), Backend: backend("web")},
		{Path: "/other/", PathType: new(networkingv1.PathTypePrefix), Backend: backend("api")}}}
	ingress.Spec.Rules = []networkingv1.IngressRule{rule}
	ingress.Spec.DefaultBackend = new(backend("next"))
	in, _, err := sources.InputOf([]client.Object{ingress}, translate.Options{IngressClass: "warren"}, gatewayapi.Options{}, nginx.Options{Class: "nginx"})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, _ := translate.Build(in)
	p := proxy.New(proxy.Config{MaxHeaderBytes: 64 << 10, MaxHeaders: 128})
	if _, err := p.Apply(snapshot); err != nil {
		t.Errorf("path %q with %q: the data plane refuses it: %v", path, annotations, err)
	}
}

// What one author writes must not keep the others from being served.
func TestNoAnnotationMakesASnapshotThatIsRefused(t *testing.T) {
	t.Parallel()
	for _, n := range nginx.Annotations {
		if n.Fate != nginx.ActedOn {
			continue // Its value is not read.
		}
		for _, value := range hostileValues {
			annotations := map[string]string{nginx.Prefix + n.Name: value}
			// What some mean nothing without.
			for _, with := range []string{"enable-cors: true", "affinity: cookie", "backend-protocol: HTTPS", "limit-rps: 1", "proxy-redirect-from: /", "rewrite-target: /x$1"} {
				name, usual, _ := strings.Cut(with, ": ")
				if _, said := annotations[nginx.Prefix+name]; !said {
					annotations[nginx.Prefix+name] = usual
				}
			}
			snapshotApplies(t, "/a(.*)", annotations)
			snapshotApplies(t, "/a", map[string]string{nginx.Prefix + n.Name: value})
		}
	}
}

func TestNoPathMakesASnapshotThatIsRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/a/", "/a?b", "/a#b", "/a b", "/é", "/%zz", "/../a", "/a(b", "/a[b", "/(?=a)", `/\1`, "/a{9999}", "/" + strings.Repeat("x", 2000), "/a|/b", "/a$", "/$1"} {
		for _, annotation := range []string{"ssl-redirect", "use-regex", "rewrite-target", "whitelist-source-range", "app-root", "server-alias"} {
			value := map[string]string{"use-regex": "true", "rewrite-target": "/$1", "whitelist-source-range": "10.0.0.0/8", "app-root": "/r", "server-alias": "h.io,www.h.io"}[annotation]
			snapshotApplies(t, path, map[string]string{nginx.Prefix + annotation: value, nginx.Prefix + "from-to-www-redirect": "true"})
		}
	}
}

func TestNoKeyOfTheConfigMapMakesASnapshotThatIsRefused(t *testing.T) {
	t.Parallel()
	for _, n := range nginx.Keys {
		if n.Fate != nginx.ActedOn {
			continue
		}
		for _, value := range hostileValues {
			all := []client.Object{
				object{name: "a", host: "h.io", paths: "Prefix /a/ -> web", annotations: []string{"enable-cors: true"}}.ingress(t),
				newMap(configMap.Namespace, configMap.Name, n.Name, value, "use-gzip", "true"),
			}
			in, _, err := sources.InputOf(all, translate.Options{IngressClass: "warren"}, gatewayapi.Options{}, nginx.Options{Class: "nginx", ConfigMap: configMap})
			if err != nil {
				t.Fatal(err)
			}
			snapshot, _ := translate.Build(in)
			if _, err := proxy.New(proxy.Config{MaxHeaderBytes: 64 << 10, MaxHeaders: 128}).Apply(snapshot); err != nil {
				t.Errorf("key %s with %q: the data plane refuses it: %v", n.Name, value, err)
			}
		}
	}
}

// hostileSnippets are directives that a policy of the data plane could stumble over.
var hostileSnippets = []string{
	`proxy_redirect "" /x;`, `proxy_redirect / "/\r\nX: 1";`, `proxy_redirect http://a/ https://b/;`, `proxy_cookie_path "" "";`, `proxy_cookie_path / "/\n";`,
	`proxy_cookie_path / "/; Secure";`, "client_max_body_size 0;", "client_max_body_size 4294967295g;", "client_max_body_size -1;", "proxy_read_timeout 100y;", "proxy_connect_timeout 1ms;",
	"proxy_next_upstream_tries 100;", `proxy_ssl_name "a b";`, "expires -100y;", "set $a $1;", "if ($uri ~ ^/(?<host>.*)$) { set $a $host; }", "limit_except GET { deny all; }",
	"location = /a { return 204; }", "location = /a(.*) { return 204; }", "location = / { deny all; }", `location = "/a b" { }`, "location = /a//../b { return 301 /$1; }",
	"location = /x { rewrite ^ /y last; } location = /x { return 200; }", `more_set_headers "X*:";`, `more_set_headers "X: $status";`, "proxy_hide_header X;",
	"allow 0.0.0.0/0; deny ::/0;", strings.Repeat("deny 192.0.2.1; allow 192.0.2.0/24;", 100), "rewrite ^(.*)$ $1?; rewrite (a|b)* /c redirect;", "return 301 $host;", "return 200;", "break;",
	strings.Repeat("if ($uri ~ a{1000}) { set $a 1; }", 8), `if ($uri ~ "\pL{200}") { }`, "default_type text/plain; return 200 x;", "satisfy any; deny all;",
	"location /a { deny all; }", "location ^~ /a { rewrite ^ /b last; }", "location ~ ^/(?<host>.*)$ { return 302 $host; }", `location ~ "(a{1000}|b{1000})" { deny all; }`,
	strings.Repeat(`location ~ "a{900}" { set $a 1; } `, 6), `location ~* \.x$ { limit_except GET { deny all; } if ($a) { return 404; } set $a 1; }`, `location "" { }`, "location /%zz { }",
	"location /é { deny all; }", "location ~ . { rewrite ^(.*)$ $1 last; }", "location ~ ^/a { set $b $1; add_header X-B $b; }", "location ~ / { proxy_method PUT; }",
}

func TestNoSnippetMakesASnapshotThatIsRefused(t *testing.T) {
	t.Parallel()
	for i, text := range hostileSnippets {
		for _, annotation := range []string{"configuration-snippet", "server-snippet"} {
			for _, path := range []string{"/a", "/a(.*)", "/(a{1000}|b)(.*)"} {
				annotations := map[string]string{nginx.Prefix + annotation: text}
				snapshotApplies(t, path, annotations)
				annotations[nginx.Prefix+"rewrite-target"], annotations[nginx.Prefix+"enable-cors"] = "/x$1", "true"
				annotations[nginx.Prefix+"app-root"], annotations[nginx.Prefix+"proxy-cookie-domain"] = "/a", "localhost a.io"
				annotations[nginx.Prefix+"auth-snippet"], annotations[nginx.Prefix+"server-snippet"] = "", hostileSnippets[(i+7)%len(hostileSnippets)]
				snapshotApplies(t, path, annotations)
			}
		}
	}
}

func FuzzAnnotations(f *testing.F) {
	for i, value := range slices.Concat(hostileValues, hostileSnippets) {
		f.Add("/a(.*)", uint8(i), value, uint8(i+7), value)
	}
	f.Fuzz(func(t *testing.T, path string, one uint8, first string, two uint8, second string) {
		if !strings.HasPrefix(path, "/") {
			path = "/" + path // The API server takes no other.
		}
		names := nginx.Annotations
		snapshotApplies(t, path, map[string]string{nginx.Prefix + "configuration-snippet": first, nginx.Prefix + "server-snippet": second})
		snapshotApplies(t, path, map[string]string{
			nginx.Prefix + names[int(one)%len(names)].Name: first, nginx.Prefix + names[int(two)%len(names)].Name: second})
	})
}
