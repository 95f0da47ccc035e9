// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/nginx"
)

func newMap(namespace, name string, pairs ...string) client.Object {
	made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		made.Data[pairs[i]] = pairs[i+1]
	}
	return made
}

func TestWhatTheConfigMapSays(t *testing.T) {
	t.Parallel()
	fields := newMap("ingress-nginx", "fields", "X-Own", "1")
	for _, test := range []struct {
		name        string
		data        map[string]string
		annotations []string
		what        string
		fields      []string
		want        string
		// header and value are a field of the answer.
		header, value string
	}{
		{name: "nothing", data: map[string]string{}, want: "web /"},
		{name: "a bound of content", data: map[string]string{"proxy-body-size": "1k"}, what: "POST h.io/", fields: []string{"content 1025"}, want: "413 ContentTooLarge"},
		{name: "a bound that an annotation lifts", data: map[string]string{"proxy-body-size": "1k"}, annotations: []string{"proxy-body-size: 0"},
			what: "POST h.io/", fields: []string{"content 1025"}, want: "web /"},
		{name: "redirects to HTTPS", data: map[string]string{"force-ssl-redirect": "true", "http-redirect-code": "301"}, what: "h.io/x", want: "301 https://h.io/x"},
		{name: "but not of some paths", data: map[string]string{"force-ssl-redirect": "true", "no-tls-redirect-locations": "/.well-known,/"}, what: "h.io/x", want: "web /x"},
		{name: "addresses that get in", data: map[string]string{"whitelist-source-range": "10.0.0.0/8"}, want: "403 AccessDenied"},
		{name: "addresses that an annotation lets in", data: map[string]string{"whitelist-source-range": "10.0.0.0/8"}, annotations: []string{"whitelist-source-range: 127.0.0.1"}, want: "web /"},
		{name: "addresses that are blocked", data: map[string]string{"block-cidrs": "127.0.0.0/8"}, annotations: []string{"whitelist-source-range: 127.0.0.1"}, want: "403 AccessDenied"},
		{name: "fields for backends", data: map[string]string{"proxy-set-headers": "ingress-nginx/fields"}, want: "web /", header: "Got-X-Own", value: "1"},
		{name: "fields for clients", data: map[string]string{"add-headers": "ingress-nginx/fields"}, want: "web /", header: "X-Own", value: "1"},
		{name: "compression", data: map[string]string{"use-gzip": "true"}, what: "h.io/?long", fields: []string{"Accept-Encoding: gzip"}, want: "web /?long", header: "Content-Encoding", value: "gzip"},
		{name: "compression by brotli", data: map[string]string{"enable-brotli": "true"}, what: "h.io/?long", fields: []string{"Accept-Encoding: br"}, want: "web /?long", header: "Content-Encoding", value: "br"},
		{name: "compression of other types", data: map[string]string{"use-gzip": "true", "gzip-types": "text/css"}, what: "h.io/?long", fields: []string{"Accept-Encoding: gzip"}, want: "web /?long", header: "Content-Encoding"},
		{name: "compression of longer ones", data: map[string]string{"use-gzip": "true", "gzip-min-length": "8192"}, what: "h.io/?long", fields: []string{"Accept-Encoding: gzip"}, want: "web /?long", header: "Content-Encoding"},
		{name: "compression by brotli of other types", data: map[string]string{"enable-brotli": "true", "brotli-types": "text/css"}, what: "h.io/?long", fields: []string{"Accept-Encoding: br"}, want: "web /?long", header: "Content-Encoding"},
		{name: "compression by brotli of longer ones", data: map[string]string{"enable-brotli": "true", "brotli-min-length": "8192"}, what: "h.io/?long", fields: []string{"Accept-Encoding: br"}, want: "web /?long", header: "Content-Encoding"},
		{name: "no compression", data: map[string]string{}, what: "h.io/?long", fields: []string{"Accept-Encoding: gzip"}, want: "web /?long", header: "Content-Encoding"},
		{name: "fields for backends beside those of an Ingress", data: map[string]string{"proxy-set-headers": "ingress-nginx/fields"},
			annotations: []string{"ingress.warren.dev/headers: {set: {X-Mine: '2'}}"}, want: "web /", header: "Got-X-Own", value: "1"},
		{name: "fields for clients beside those of an Ingress", data: map[string]string{"add-headers": "ingress-nginx/fields"},
			annotations: []string{"ingress.warren.dev/headers: {set: {X-Mine: '2'}}"}, want: "web /", header: "X-Own", value: "1"},
		{name: "a field that an Ingress says itself", data: map[string]string{"add-headers": "ingress-nginx/fields"},
			annotations: []string{"ingress.warren.dev/headers: {response: {set: {x-own: '2'}}}"}, want: "web /", header: "X-Own", value: "2"},
		{name: "fields that are hidden beside those of an Ingress", data: map[string]string{"hide-headers": "X-Host"},
			annotations: []string{"ingress.warren.dev/headers: {response: {set: {X-Mine: '2'}}}"}, want: "web /", header: "X-Host"},
		{name: "HSTS that is off", data: map[string]string{"hsts": "false"}, fields: []string{"https"}, want: "web /", header: "Strict-Transport-Security"},
		{name: "another HSTS", data: map[string]string{"hsts-max-age": "9", "hsts-include-subdomains": "false", "hsts-preload": "true"}, fields: []string{"https"}, want: "web /",
			header: "Strict-Transport-Security", value: "max-age=9; preload"},
		{name: "fields that are hidden", data: map[string]string{"hide-headers": "Server, X-Host"}, want: "web /", header: "X-Host"},
		{name: "fields of an Ingress", data: map[string]string{"global-allowed-response-headers": "X-Mine"}, annotations: []string{"custom-headers: mine"}, want: "web /", header: "X-Mine", value: "2"},
		{name: "fields that are not allowed", data: map[string]string{}, annotations: []string{"custom-headers: mine"}, want: "503 RuleClosed"},
		{name: "a map that is not there", data: map[string]string{"proxy-set-headers": "ingress-nginx/gone"}, want: "503 RuleClosed"},
		{name: "a question who somebody is", data: map[string]string{"global-auth-url": "https://auth.io"}, want: "503 RuleClosed"},
		{name: "a question that is not asked of this one", data: map[string]string{"global-auth-url": "https://auth.io"}, annotations: []string{"enable-global-auth: false"}, want: "web /"},
		{name: "a question that is asked of this one", data: map[string]string{"global-auth-url": "https://auth.io"}, annotations: []string{"enable-global-auth: true"}, want: "503 RuleClosed"},
		{name: "an expression of agents that is none", data: map[string]string{"block-user-agents": "~[a-"}, want: "503 RuleClosed"},
		{name: "agents with a space", data: map[string]string{"block-user-agents": "bad bot"}, want: "503 RuleClosed"},
		{name: "a snippet for all paths", data: map[string]string{"location-snippet": "deny all;"}, want: "403 AccessDenied"},
		{name: "a snippet for all paths, beside an Ingress's own", data: map[string]string{"location-snippet": "more_set_headers 'X-A: 1';"},
			annotations: []string{"configuration-snippet: more_set_headers 'X-B: 2';"}, want: "web /", header: "X-A", value: "1"},
		{name: "an Ingress's own snippet, beside that for all paths", data: map[string]string{"location-snippet": "more_set_headers 'X-A: 1';"},
			annotations: []string{"configuration-snippet: more_set_headers 'X-B: 2';"}, want: "web /", header: "X-B", value: "2"},
		{name: "a snippet for all hosts", data: map[string]string{"server-snippet": "if ($http_x_no) { return 451; }"}, fields: []string{"X-No: 1"}, want: "451 " + ruled(451)},
		{name: "a snippet for all hosts, behind that of a host", data: map[string]string{"server-snippet": "if ($http_x_no) { return 451; }"},
			annotations: []string{"server-snippet: if ($http_x_no) { return 409; }"}, fields: []string{"X-No: 1"}, want: "409 " + ruled(409)},
		{name: "a snippet for all hosts, and a location of one", data: map[string]string{"server-snippet": "if ($http_x_no) { return 451; }"},
			annotations: []string{"server-snippet: location = /x { return 200 x; }"}, what: "h.io/x", fields: []string{"X-No: 1"}, want: "451 " + ruled(451)},
		{name: "a snippet that cannot be kept", data: map[string]string{"location-snippet": "proxy_cache all;"}, want: "503 RuleClosed"},
		{name: "a snippet with a location", data: map[string]string{"server-snippet": "location = /x { return 200 x; }"}, want: "503 RuleClosed"},
		{name: "a snippet of nginx as a whole", data: map[string]string{"http-snippet": "map $host $x { default 1; }"}, want: "503 RuleClosed"},
		{name: "a value that closes", data: map[string]string{"denylist-source-range": "office"}, want: "503 RuleClosed"},
		{name: "a value that is told", data: map[string]string{"proxy-read-timeout": "60s", "worker-processes": "4", "frobnicate": "x"}, want: "web /"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			what := test.what
			if what == "" {
				what = "h.io/"
			}
			r := serve(t, test.data, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: test.annotations}}, fields, newMap("shop", "mine", "X-Mine", "2"))
			got := r.ask(what, test.fields...)
			if got.String() != test.want {
				t.Errorf("got %q, want %q\n%s", got, test.want, r.says("a"))
			}
			if test.header != "" && got.Header.Get(test.header) != test.value {
				t.Errorf("%s is %q, want %q", test.header, got.Header.Get(test.header), test.value)
			}
		})
	}
}

// Who installs the controller has the last word about whom nobody is to serve.
func TestNothingLetsInWhomTheConfigMapBlocks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		annotations []string
		what        string
	}{
		{[]string{"ingress.warren.dev/access-control: {allowedIPs: [0.0.0.0/0]}"}, "h.io/a"},
		{[]string{"ingress.warren.dev/access-control: {deniedIPs: [192.0.2.1]}"}, "h.io/a"},
		{[]string{"configuration-snippet: allow all;"}, "h.io/a"},
		{[]string{"ingress.warren.dev/access-control: {allowedIPs: [0.0.0.0/0]}", "configuration-snippet: deny all;"}, "h.io/a"},
		{[]string{"server-snippet: location = /x { allow all; }"}, "h.io/x"},
		{[]string{"server-snippet: if ($arg_x) { return 200 x; }"}, "h.io/other"},
		{[]string{"app-root: /start"}, "h.io/"},
		{[]string{"from-to-www-redirect: true"}, "www.h.io/"},
		{[]string{"permanent-redirect: https://n.io"}, "h.io/a"},
		{nil, "h.io/slash"},
	} {
		o := object{name: "a", host: "h.io", paths: "Prefix /a -> web; Prefix /slash/ -> web", annotations: test.annotations}
		if got := serve(t, map[string]string{"block-cidrs": "127.0.0.0/8"}, []object{o}).ask(test.what).String(); got != "403 AccessDenied" {
			t.Errorf("%v: %s is answered with %q", test.annotations, test.what, got)
		}
		if got := serve(t, map[string]string{"block-cidrs": "10.0.0.0/8"}, []object{o}).ask(test.what).String(); got == "403 AccessDenied" && len(test.annotations) < 2 {
			t.Errorf("%v: %s is refused to others too", test.annotations, test.what)
		}
	}
}

// ruled is the page of an answer that a snippet gives.
func ruled(status int) string {
	return fmt.Sprintf("<html><head><title>%[1]d</title></head><body>The rule answers with %[1]d.</body></html>", status)
}

// As a map of nginx does: texts without case, and expressions that match a part.
func TestValuesOfFieldsThatTheConfigMapBlocks(t *testing.T) {
	t.Parallel()
	data := map[string]string{"block-user-agents": `curl/8.1, "~*bad bot", ~^Evil, ""`, "block-referers": "~spam[.]io"}
	r := serve(t, data, []object{{name: "a", host: "h.io", paths: "Prefix /a -> web; Prefix /slash/ -> web", annotations: []string{
		"app-root: /a", "from-to-www-redirect: true", "server-snippet: location = /x { return 200 x; }", "configuration-snippet: more_set_headers 'X-A: 1';"}}})
	for agent, blocked := range map[string]bool{
		"curl/8.1": true, "CURL/8.1": true, "curl/8.10": false, "a Bad Bot 1": true, "Evil/1": true, "evil/1": false, "Mozilla Evil": false, "": true, "Mozilla": false,
	} {
		want := "web /a"
		if blocked {
			want = "403 " + ruled(403)
		}
		if got := r.ask("h.io/a", "User-Agent: "+agent).String(); got != want {
			t.Errorf("%q: got %q, want %q", agent, got, want)
		}
	}
	for _, what := range []string{"h.io/a", "h.io/", "h.io/x", "h.io/slash", "www.h.io/"} {
		if got := r.ask(what, "User-Agent: a", "Referer: http://a.spam.io/"); got.StatusCode != 403 {
			t.Errorf("%s: got %q, want 403", what, got)
		}
		if got := r.ask(what, "User-Agent: a", "Referer: http://a.io/"); got.StatusCode == 403 {
			t.Errorf("%s: others are refused, too", what)
		}
	}
}

// Snippets of the ConfigMap are the operator's, and not switched off with those of Ingresses. A snippet that cannot be
// kept is told with its key and its line.
func TestSnippetsOfTheConfigMapAreTheOperators(t *testing.T) {
	t.Parallel()
	ingress := object{name: "a", host: "h.io", paths: "Prefix / -> web"}.ingress(t)
	for _, test := range []struct {
		key, text, want string
	}{
		{"location-snippet", "expires 1h;", ""},
		{"location-snippet", "expires 1h;\nproxy_cache all;", "key location-snippet of ConfigMap ingress-nginx/controller, line 2: proxy_cache"},
		{"server-snippet", "expires 1h;\n\nroot /x;", "key server-snippet of ConfigMap ingress-nginx/controller, line 3: root"},
		{"server-snippet", "location = /x { return 404; }", "key server-snippet of ConfigMap ingress-nginx/controller, line 1: location \"/x\" would be on every host"},
	} {
		known := nginx.Maps{configMap: {Data: map[string]string{test.key: test.text}}}
		settings := nginx.NewSettings(nginx.Options{Class: "nginx", ConfigMap: configMap, NoSnippets: true}, known)
		o := nginx.Read(ingress, settings, nginx.Shared{})
		switch {
		case test.want == "" && (o.Fault != nil || o.Hosts[0].Rules[0].Fault != nil):
			t.Errorf("%q is closed: %+v %+v", test.text, o.Fault, o.Hosts[0].Rules[0].Fault)
		case test.want != "" && (o.Fault == nil || !strings.HasPrefix(o.Fault.Text, test.want)):
			t.Errorf("%q: told %+v, want %q", test.text, o.Fault, test.want)
		}
	}
}

// A ConfigMap that has gone still says what it said, and every Ingress is told.
func TestAConfigMapThatHasGone(t *testing.T) {
	t.Parallel()
	known := nginx.Maps{configMap: {Data: map[string]string{"denylist-source-range": "office"}, Gone: true}}
	settings := nginx.NewSettings(nginx.Options{Class: "nginx", ConfigMap: configMap}, known)
	o := nginx.Read(object{name: "a", host: "h.io", paths: "Prefix / -> web"}.ingress(t), settings, nginx.Shared{})
	if o.Fault == nil || !strings.Contains(o.Fault.Text, "denylist-source-range") {
		t.Errorf("what it closed is open: %+v", o.Fault)
	}
	if want := "is not there any more"; !strings.Contains(o.Unheeded, want) || !strings.Contains(strings.Join(settings.Notes(), "\n"), want) {
		t.Errorf("the author is told %q, the operator %q", o.Unheeded, settings.Notes())
	}
}

// What the operator has to know is told to the operator.
func TestNotesOfTheConfigMap(t *testing.T) {
	t.Parallel()
	known := nginx.Maps{configMap: {Data: map[string]string{"proxy-read-timeout": "60s", "worker-processes": "4", "frobnicate": "x", "http-snippet": "a", "ssl-redirect": "false"}}}
	got := strings.Join(nginx.NewSettings(nginx.Options{Class: "nginx", ConfigMap: configMap}, known).Notes(), "\n")
	for _, want := range []string{`write "60", without a unit`, "worker-processes of ConfigMap ingress-nginx/controller means nothing here", "has no such key", "http-snippet"} {
		if !strings.Contains(got, want) {
			t.Errorf("the notes lack %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "ssl-redirect") {
		t.Errorf("what is acted on is noted:\n%s", got)
	}
	for name, maps := range map[string]nginx.Maps{"is not there": nil, "cannot be read": {configMap: {Missing: "cannot be read"}}} {
		if got := strings.Join(nginx.NewSettings(nginx.Options{Class: "nginx", ConfigMap: configMap}, maps).Notes(), "\n"); !strings.Contains(got, name) {
			t.Errorf("the notes lack %q: %s", name, got)
		}
	}
}

// The ConfigMaps of a namespace are bounded, and those of the oldest Ingresses count. So is what a field may say.
func TestConfigMapsBeyondTheBound(t *testing.T) {
	t.Parallel()
	const most = 16
	objects := []object{{name: "same", host: "same.io", paths: "Prefix / -> web", annotations: []string{"custom-headers: m0"}, minutes: 59}}
	var fields []client.Object
	for i := range most + 1 {
		name := fmt.Sprint("m", i)
		objects = append(objects, object{name: name, host: name + ".io", paths: "Prefix / -> web", annotations: []string{"custom-headers: " + name}, minutes: i})
		fields = append(fields, newMap("shop", name, "X-Mine", name))
	}
	slices.Reverse(objects)
	settings := map[string]string{"global-allowed-response-headers": "X-Mine"}
	r := serve(t, settings, objects, fields...)
	for what, want := range map[string]string{"m0.io/": "web /", "m15.io/": "web /", "same.io/": "web /", "m16.io/": "503 RuleClosed"} {
		if got := r.ask(what).String(); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	if got := r.says("m16"); !strings.Contains(got, "ConfigMap shop/m16 is not read, since older Ingresses of the namespace name 16 others") {
		t.Errorf("the author is told %q", got)
	}
	long := serve(t, settings, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{"custom-headers: m"}}},
		newMap("shop", "m", "X-Mine", strings.Repeat("a", nginx.ValueLimit+1)))
	if got := long.says("a"); !strings.Contains(got, `the value of "X-Mine" is longer than 8 KiB`) {
		t.Errorf("the author is told %q", got)
	}
}
