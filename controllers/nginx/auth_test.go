// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// withUsers are Secrets with the user bob in both forms, and a ConfigMap with a field for the service that is asked.
func withUsers(*testing.T) []client.Object {
	return []client.Object{users("users", "auth"), users("map", "bob"),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "asked"}, Data: map[string]string{"X-A": "by $host"}}}
}

func init() {
	const ask = "auth-url: http://auth.shop.svc.cluster.local/check?"
	maps.Copy(effects, map[string]effect{
		"auth-type":        {annotations: []string{"auth-type: basic", "auth-secret: users"}, more: withUsers, want: "401 AuthRequired", header: "Www-Authenticate", value: `Basic realm=""*`},
		"auth-secret":      {annotations: []string{"auth-type: basic", "auth-secret: shop/users"}, more: withUsers, fields: []string{asBob}, want: "web /", header: "Got-Authorization"},
		"auth-secret-type": {annotations: []string{"auth-type: basic", "auth-secret: map", "auth-secret-type: auth-map"}, more: withUsers, fields: []string{asBob}, want: "web /"},
		"auth-realm": {annotations: []string{"auth-type: basic", "auth-secret: users", "auth-realm: Beyond here"}, more: withUsers, want: "401 AuthRequired",
			header: "Www-Authenticate", value: `Basic realm="Beyond here"*`},
		"satisfy":            {annotations: []string{"satisfy: any", "allowlist-source-range: 127.0.0.1", "auth-type: basic", "auth-secret: users"}, more: withUsers, want: "web /"},
		"enable-global-auth": {data: map[string]string{"global-auth-url": "http://auth.shop.svc/?status=403"}, annotations: []string{"enable-global-auth: false"}, want: "web /"},
		"auth-url":           {annotations: []string{ask + "status=403"}, want: "403 AuthDenied"},
		"auth-method": {annotations: []string{ask, "auth-method: POST", "auth-response-headers: X-Asked"}, want: "web /",
			header: "Got-X-Asked", value: "POST auth.shop.svc.cluster.local/check?"},
		"auth-signin": {annotations: []string{ask + "status=401", "auth-signin: https://$host/in?a=b"}, what: "h.io/x?y", want: "302 https://h.io/in?a=b&rd=http%3A%2F%2Fh.io%2Fx%3Fy"},
		"auth-signin-redirect-param": {annotations: []string{ask + "status=401", "auth-signin: https://id.io/in", "auth-signin-redirect-param: to"},
			want: "302 https://id.io/in?to=http%3A%2F%2Fh.io%2F"},
		"auth-response-headers": {annotations: []string{ask, "auth-response-headers: X-User, X-Missing"}, fields: []string{"X-User: root"}, want: "web /", header: "Got-X-User", value: "bob"},
		"auth-request-redirect": {annotations: []string{ask + "see=X-Auth-Request-Redirect", "auth-request-redirect: https://h.io/there", "auth-response-headers: X-Saw"},
			want: "web /", header: "Got-X-Saw", value: "https://h.io/there"},
		"auth-proxy-set-headers": {annotations: []string{ask + "see=X-A", "auth-proxy-set-headers: shop/asked", "auth-response-headers: X-Saw"}, more: withUsers, what: "h.io/x",
			want: "web /x", header: "Got-X-Saw", value: "by h.io"},
		"auth-snippet": {annotations: []string{ask + "see=X-Wanted", "auth-snippet: proxy_set_header X-Wanted $http_host;", "auth-response-headers: X-Saw"},
			want: "web /", header: "Got-X-Saw", value: "h.io"},
		"auth-cache-key":         {annotations: []string{ask, "auth-cache-key: $http_cookie", "auth-response-headers: X-Count"}, shows: askedOnce, want: "asked once"},
		"auth-cache-duration":    {annotations: []string{ask, "auth-cache-key: $http_cookie", "auth-cache-duration: 0s", "auth-response-headers: X-Count"}, shows: askedOnce, want: "asked twice"},
		"auth-always-set-cookie": {annotations: []string{ask + "cookie", "auth-always-set-cookie: true"}, what: "h.io/?status=404", want: "404 web /?status=404", header: "Set-Cookie", value: "session=1"},
	})
}

// askedOnce says whether the service that is asked was asked again for the same cookie.
func askedOnce(r *rig) string {
	first := r.ask("h.io/", "Cookie: a=b").Header.Get("Got-X-Count")
	second := r.ask("h.io/", "Cookie: a=b").Header.Get("Got-X-Count")
	switch {
	case first == "" || second == "":
		return "not asked"
	case first == second:
		return "asked once"
	}
	return "asked twice"
}

// What says who gets in, and cannot be kept, closes the paths with what to write.
func TestWhoGetsInIsKeptOrCloses(t *testing.T) {
	t.Parallel()
	const ask, users = "auth-url: http://auth.shop.svc/", "auth-secret: users"
	oauth := object{name: "oauth2", host: "h.io", paths: "Prefix /oauth2 -> auth"}
	for name, test := range map[string]struct {
		annotations []string
		beside      []object
		data        map[string]string
		// want is what becomes of a request for h.io/x, and says is in what the Ingress says.
		want, says string
	}{
		"digest":                         {annotations: []string{"auth-type: digest", users}, want: "503 RuleClosed", says: `auth-type: "digest" is not asked: write basic`},
		"another type":                   {annotations: []string{"auth-type: ldap", users}, want: "503 RuleClosed", says: `auth-type: "ldap" is unknown: write basic`},
		"no Secret":                      {annotations: []string{"auth-type: basic"}, want: "503 RuleClosed", says: "auth-secret: auth-type asks for users, and no Secret has them"},
		"no type":                        {annotations: []string{users}, want: "503 RuleClosed", says: "auth-secret: it protects nothing without auth-type"},
		"no form":                        {annotations: []string{"auth-type: basic", users, "auth-secret-type: yaml"}, want: "503 RuleClosed", says: `auth-secret-type: "yaml" is unknown: write auth-file or auth-map`},
		"a realm of two lines":           {annotations: []string{"auth-type: basic", users, `auth-realm: a\b`}, want: "503 RuleClosed", says: "auth-realm: "},
		"a Secret of another namespace":  {annotations: []string{"auth-type: basic", "auth-secret: other/users"}, want: "503 RuleClosed", says: "is a Secret of another namespace, which ingress-nginx takes only where allow-cross-namespace-resources says true"},
		"one that may be":                {annotations: []string{"auth-type: basic", "auth-secret: other/users"}, data: map[string]string{"allow-cross-namespace-resources": "true"}, want: "503 AuthUnavailable", says: "there is no Secret other/users"},
		"no name of a Secret":            {annotations: []string{"auth-type: basic", "auth-secret: a/b/c"}, want: "503 RuleClosed", says: `"a/b/c" is no name of a Secret`},
		"no file where one is meant":     {annotations: []string{"auth-type: basic", "auth-secret: map"}, want: "503 AuthUnavailable", says: "Secret map has no key auth"},
		"an empty type":                  {annotations: []string{"auth-type: ", "auth-url: "}, want: "web /x"},
		"no URL":                         {annotations: []string{"auth-url: auth.shop.svc"}, want: "503 RuleClosed", says: "auth-url: \"auth.shop.svc\" is no URL that a service can be asked by"},
		"a URL of somewhere else":        {annotations: []string{"auth-url: https://id.example.com/check"}, want: "503 RuleClosed", says: `no Ingress of this class and namespace has "/check" of host id.example.com, and no other server is asked: write the address`},
		"a URL with an unknown variable": {annotations: []string{ask + "?a=$upstream_addr"}, want: "503 RuleClosed", says: "has a variable that is not known here"},
		"a Service of another namespace": {annotations: []string{"auth-url: http://auth.other.svc.cluster.local/"}, want: "500 AuthUnavailable", says: "auth:80"},
		"the host's own path":            {annotations: []string{"auth-url: https://$host/oauth2/auth?status=403"}, beside: []object{oauth}, want: "403 AuthDenied"},
		"that of a host by its name":     {annotations: []string{"auth-url: https://h.io/oauth2/auth?status=403"}, beside: []object{oauth}, want: "403 AuthDenied"},
		"a path that there is not":       {annotations: []string{"auth-url: https://$host/oauth2/auth"}, want: "503 RuleClosed", says: `the service of "/oauth2/auth" cannot be asked, since its Ingress a asks who gets in itself`},
		"a host that there is not":       {annotations: []string{"auth-url: https://o.io/oauth2/auth"}, want: "503 RuleClosed", says: `no Ingress of this class and namespace has "/oauth2/auth" of host o.io`},
		"a path that is rewritten": {annotations: []string{"auth-url: https://$host/oauth2/auth"}, beside: []object{{name: "oauth2", host: "h.io", paths: "Prefix /oauth2 -> auth", annotations: []string{"rewrite-target: /"}}},
			want: "503 RuleClosed", says: "cannot be asked, since its Ingress oauth2 has rewrite-target"},
		"a path that may be another's": {annotations: []string{"auth-url: https://$host/oauth2/auth"},
			beside: []object{oauth, {name: "r", host: "h.io", paths: "Specific /oauth2/(auth|x) -> web", annotations: []string{"use-regex: true"}}},
			want:   "503 RuleClosed", says: "its Ingress r has an expression that may match it"},
		"a method that there is not":   {annotations: []string{ask, "auth-method: CONNECT"}, want: "503 RuleClosed", says: "auth-method: "},
		"a field of ours":              {annotations: []string{ask, "auth-response-headers: Host"}, want: "503 RuleClosed", says: "auth-response-headers: "},
		"all fields":                   {annotations: []string{ask, "auth-response-headers: *"}, want: "503 RuleClosed", says: `auth-response-headers: "*" lists no field`},
		"a field of one connection":    {annotations: []string{ask, "auth-response-headers: Expect"}, want: "503 RuleClosed", says: `the field "expect" is for one connection alone`},
		"a sign-in that leaves":        {annotations: []string{ask + "?status=401", "auth-signin: https://$arg_to/"}, want: "401 AuthRequired", says: "auth-signin: \"https://$arg_to/\" is no URL to send clients to"},
		"a sign-in that may leave":     {annotations: []string{ask + "?status=401", "auth-signin: https://$host$arg_to/"}, want: "401 AuthRequired", says: "is no URL to send clients to"},
		"a sign-in of two lines":       {annotations: []string{ask + "?status=401", "auth-signin: https://a.io/ x"}, want: "401 AuthRequired", says: "is no URL to send clients to"},
		"a key of nobody":              {annotations: []string{ask, "auth-cache-key: all"}, want: "web /x", says: "auth-cache-key: \"all\" tells nobody from anybody else"},
		"a time without a unit":        {annotations: []string{ask, "auth-cache-key: $http_cookie", "auth-cache-duration: 200 10"}, want: "web /x", says: "auth-cache-duration: \"200 10\" is no time for statuses"},
		"a snippet that does more":     {annotations: []string{ask, "auth-snippet: proxy_pass http://evil.io;"}, want: "503 RuleClosed", says: "auth-snippet, line 1: proxy_pass is not kept"},
		"a snippet of another host":    {annotations: []string{ask, "auth-snippet: proxy_set_header Host a.io;"}, want: "503 RuleClosed", says: "auth-snippet, line 1: proxy_set_header changes Host"},
		"a snippet with a script":      {annotations: []string{ask, "auth-snippet: proxy_set_header X-A $made_up;"}, want: "503 RuleClosed", says: "there is no variable $made_up"},
		"no ConfigMap":                 {annotations: []string{ask, "auth-proxy-set-headers: shop/none"}, want: "503 RuleClosed", says: "auth-proxy-set-headers: there is no ConfigMap shop/none"},
		"a ConfigMap of others":        {annotations: []string{ask, "auth-proxy-set-headers: other/asked"}, want: "503 RuleClosed", says: `"other/asked" is no ConfigMap of namespace shop`},
		"how to ask, and nobody":       {annotations: []string{"auth-signin: https://a.io/", "auth-response-headers: X-A"}, want: "web /x", says: "do nothing without auth-url"},
		"any of two":                   {annotations: []string{"satisfy: any", "auth-type: basic", users, ask}, want: "503 RuleClosed", says: "satisfy: any had one suffice of auth-type and auth-url"},
		"any of nothing":               {annotations: []string{"satisfy: any"}, want: "web /x"},
		"any, and everybody allowed":   {annotations: []string{"satisfy: any", "allowlist-source-range: 0.0.0.0/0, ::/0", "auth-type: basic", users}, want: "web /x"},
		"any, and nobody allowed":      {annotations: []string{"satisfy: any", "denylist-source-range: 10.0.0.0/8", "auth-type: basic", users}, want: "401 AuthRequired"},
		"any, and a denied one":        {annotations: []string{"satisfy: any", "denylist-source-range: 127.0.0.1", "allowlist-source-range: 127.0.0.0/8", "auth-type: basic", users}, want: "401 AuthRequired"},
		"any, and somebody blocked":    {data: map[string]string{"block-cidrs": "10.0.0.1"}, annotations: []string{"satisfy: any", "allowlist-source-range: 127.0.0.1", "auth-type: basic", users}, want: "503 RuleClosed", says: "whom block-cidrs of the ConfigMap blocks"},
		"any by a snippet":             {annotations: []string{"configuration-snippet: satisfy any; allow 127.0.0.1;", "auth-type: basic", users}, want: "web /x"},
		"any by a snippet that denies": {annotations: []string{"configuration-snippet: satisfy any; deny 10.0.0.1;", "auth-type: basic", users}, want: "401 AuthRequired"},
		"sent to HTTPS first":          {annotations: []string{"force-ssl-redirect: true", "auth-type: basic", users}, want: "308 https://h.io/x"},
		"sent elsewhere first":         {annotations: []string{"permanent-redirect: https://n.io", "auth-type: basic", users}, want: "301 https://n.io"},
		"of all":                       {data: map[string]string{"global-auth-url": "http://auth.shop.svc/?status=401", "global-auth-signin": "https://id.io/"}, want: "302 https://id.io/?rd=http%3A%2F%2Fh.io%2Fx"},
		"of all but one":               {data: map[string]string{"global-auth-url": "http://auth.shop.svc/?status=401"}, annotations: []string{"enable-global-auth: false"}, want: "web /x"},
		"its own goes before":          {data: map[string]string{"global-auth-url": "http://auth.shop.svc/?status=401"}, annotations: []string{ask + "?status=403"}, want: "403 AuthDenied"},
		"of all, on the host itself":   {data: map[string]string{"global-auth-url": "https://$host/oauth2/auth?status=403"}, beside: []object{{name: "oauth2", host: "h.io", paths: "Prefix /oauth2 -> auth", annotations: []string{"enable-global-auth: false"}}}, want: "403 AuthDenied"},
		"of all but some paths":        {data: map[string]string{"global-auth-url": "http://auth.shop.svc/?status=403", "no-auth-locations": "/"}, want: "web /x"},
		"ours in its place":            {annotations: []string{ask + "?status=403", "ingress.warren.dev/auth: {external: {serviceName: auth, port: 80}}"}, want: "web /x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := serve(t, test.data, append([]object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: test.annotations, minutes: 1}}, test.beside...), withUsers(t)...)
			if got := r.ask("h.io/x").String(); got != test.want {
				t.Errorf("got %q, want %q\n%s", got, test.want, r.says("a"))
			}
			if said := r.says("a"); !strings.Contains(said, test.says) {
				t.Errorf("it says %q, want %q in it", said, test.says)
			}
		})
	}
}

// A challenge has to be answered without a password, whatever is asked of everything else.
func TestChallengesAreAskedForNothing(t *testing.T) {
	t.Parallel()
	r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web; Prefix /.well-known/acme-challenge -> api", annotations: []string{"auth-type: basic", "auth-secret: users"}}}, withUsers(t)...)
	for what, want := range map[string]string{"h.io/.well-known/acme-challenge/x": "api /.well-known/acme-challenge/x", "h.io/": "401 AuthRequired"} {
		if got := r.ask(what).String(); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
}
