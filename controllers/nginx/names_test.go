// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"cmp"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/test/fixture"
)

var update = flag.Bool("update", false, "write the tables of docs/ingress-nginx.md")

const (
	page  = "../../docs/ingress-nginx.md"
	begin = "<!-- What follows is made from controllers/nginx by \"go test ./controllers/nginx -update\". -->\n"
	end   = "<!-- The end of what is made. -->\n"
)

func TestThePageHasEveryName(t *testing.T) {
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(content), begin)
	made, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the tables", page)
	}
	want := "\n" + nginx.Page()
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if made != want {
		t.Errorf("the tables of %s are not those of the code: run go test ./controllers/nginx -update", page)
	}
}

func TestEachNameHasOneFate(t *testing.T) {
	t.Parallel()
	for what, list := range map[string][]nginx.Name{"annotation": nginx.Annotations, "key": nginx.Keys, "flag": nginx.Flags} {
		if !slices.IsSortedFunc(list, func(a, b nginx.Name) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("the names of each %s are not sorted", what)
		}
		for i, n := range list {
			if n.Name == "" || n.Text == "" || i > 0 && list[i-1].Name == n.Name {
				t.Errorf("%s %q has no name, no text, or two fates", what, n.Name)
			}
			if n.Fate == nginx.NeverExisted && n.Guards() {
				t.Errorf("%s %q never existed, and guards", what, n.Name)
			}
		}
	}
	if n := len(nginx.Annotations); n < 140 {
		t.Errorf("there are %d annotations, want at least the 140 that ingress-nginx had", n)
	}
}

// Every name of the last version of ingress-nginx is in the tables, and has another fate than one that nobody ever had.
func TestNoNameOfTheLastVersionIsMissing(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string][]nginx.Name{"annotation": nginx.Annotations, "key": nginx.Keys, "flag": nginx.Flags}
	seen := 0
	for line := range strings.Lines(string(content)) {
		what, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if what == "#" || !ok {
			continue
		}
		seen++
		i := slices.IndexFunc(lists[what], func(n nginx.Name) bool { return n.Name == name })
		if i < 0 || lists[what][i].Fate == nginx.NeverExisted || lists[what][i].Gone != "" {
			t.Errorf("%s %s of the last version is missing, or has the fate of another", what, name)
		}
	}
	if seen < 400 {
		t.Errorf("the list has %d names", seen)
	}
}

// effect is what an annotation does to requests. Without it, something else becomes of them.
type effect struct {
	annotations []string
	paths       string
	// tls has the host be one of tls. beside is an older Ingress for the host.
	tls    bool
	beside *object
	// data are those of the ConfigMap, and more are further objects.
	data map[string]string
	more func(t *testing.T) []client.Object
	what string
	// fields are those of the request. want is as in String.
	fields []string
	want   string
	// header and value are a field of the answer.
	header, value string
	// shows asks other requests, and says what becomes of them.
	shows func(r *rig) string
}

// effects has a request for each annotation that is acted on, which shows what it does.
var effects = map[string]effect{
	"ssl-redirect":            {annotations: []string{"ssl-redirect: false"}, tls: true, want: "web /"},
	"force-ssl-redirect":      {annotations: []string{"force-ssl-redirect: true"}, what: "h.io/x", want: "308 https://h.io/x"},
	"preserve-trailing-slash": {annotations: []string{"force-ssl-redirect: true", "preserve-trailing-slash: true"}, want: "308 https://h.io/"},
	"permanent-redirect":      {annotations: []string{"permanent-redirect: https://n.io/b$request_uri"}, what: "h.io/x?y", want: "301 https://n.io/b/x?y"},
	"permanent-redirect-code": {annotations: []string{"permanent-redirect: https://n.io", "permanent-redirect-code: 308"}, want: "308 https://n.io"},
	"temporal-redirect":       {annotations: []string{"temporal-redirect: https://n.io/t", "permanent-redirect: https://n.io/p"}, want: "302 https://n.io/t"},
	"temporal-redirect-code":  {annotations: []string{"temporal-redirect: https://n.io/t", "temporal-redirect-code: 307"}, want: "307 https://n.io/t"},
	"app-root":                {annotations: []string{"app-root: /start"}, what: "h.io/?q", want: "302 http://h.io/start"},
	"from-to-www-redirect":    {annotations: []string{"from-to-www-redirect: true"}, what: "www.h.io/p?q", want: "308 http://h.io/p?q"},
	"rewrite-target":          {annotations: []string{"rewrite-target: /x"}, what: "h.io/a?q", want: "web /x?q"},
	"use-regex":               {annotations: []string{"use-regex: true"}, paths: "Specific /a.c -> web", what: "h.io/ABC/d", want: "web /ABC/d"},
	"x-forwarded-prefix":      {annotations: []string{"x-forwarded-prefix: /p", "rewrite-target: /x"}, want: "web /x", header: "Got-X-Forwarded-Prefix", value: "/p"},
	"upstream-vhost":          {annotations: []string{"upstream-vhost: $service_name.$namespace.svc"}, want: "web /", header: "X-Host", value: "web.shop.svc"},
	"server-alias":            {annotations: []string{"server-alias: other.io"}, what: "other.io/x", want: "web /x"},
	"proxy-connect-timeout": {data: map[string]string{"proxy-connect-timeout": "3600"}, annotations: []string{"proxy-connect-timeout: 1"}, paths: "Prefix / -> deaf",
		more: func(t *testing.T) []client.Object { return deaf(t, "deaf") }, want: "504 UpstreamConnectTimeout"},
	"proxy-read-timeout": {data: map[string]string{"proxy-read-timeout": "3600"}, annotations: []string{"proxy-read-timeout: 1"}, what: "h.io/hold", want: "504 UpstreamTimeout"},
	"proxy-send-timeout": {data: map[string]string{"proxy-send-timeout": "3600"}, annotations: []string{"proxy-read-timeout: 1", "proxy-send-timeout: 1"}, paths: "Prefix / -> half",
		more: halfway, shows: cutOff, want: "cut off"},
	"proxy-body-size": {annotations: []string{"proxy-body-size: 1k"}, what: "POST h.io/", fields: []string{"content 1025"}, want: "413 ContentTooLarge"},
	"proxy-next-upstream": {annotations: []string{"proxy-next-upstream: error http_503"}, paths: "Prefix / -> shaky",
		more: failing(1), want: "shaky /"},
	"proxy-next-upstream-tries": {annotations: []string{"proxy-next-upstream: error http_503", "proxy-next-upstream-tries: 2"}, paths: "Prefix / -> shaky",
		more: failing(2), want: "503 shaky /"},
	"backend-protocol": {annotations: []string{"backend-protocol: HTTPS"}, want: "502 UpstreamTLSFailed"},
	"proxy-ssl-secret": {annotations: []string{"backend-protocol: HTTPS", "proxy-ssl-secret: shop/none"}, want: "503 NoHealthyTask"},
	"proxy-ssl-verify": {annotations: []string{"backend-protocol: HTTPS", "proxy-ssl-verify: on"}, want: "503 RuleClosed"},
	"proxy-ssl-name": {annotations: []string{"backend-protocol: HTTPS", "proxy-ssl-name: b.io"}, paths: "Prefix / -> secure",
		more: named, want: "secure /", header: "X-Named", value: "b.io"},
	"connection-proxy-header":        {annotations: []string{"connection-proxy-header: close"}, shows: connectionsOfTen, want: "10 connections"},
	"service-upstream":               {annotations: []string{"service-upstream: true"}, paths: "Prefix / -> fronted:http", more: fronted, want: "fronted /", header: "X-Endpoint", value: "front"},
	"proxy-http-version":             {annotations: []string{"proxy-http-version: 1.0"}, want: "503 RuleClosed"},
	"allowlist-source-range":         {annotations: []string{"allowlist-source-range: 127.0.0.0/8, 10.0.0.1"}, fields: []string{"X-Forwarded-For: 192.0.2.1"}, want: "403 AccessDenied"},
	"whitelist-source-range":         {annotations: []string{"whitelist-source-range: 192.0.2.0/24"}, want: "403 AccessDenied"},
	"denylist-source-range":          {annotations: []string{"denylist-source-range: 192.0.2.1"}, fields: []string{"X-Forwarded-For: 192.0.2.1"}, want: "403 AccessDenied"},
	"satisfy":                        {annotations: []string{"satisfy: some"}, want: "503 RuleClosed"},
	"enable-global-auth":             {annotations: []string{"enable-global-auth: false"}, data: map[string]string{"global-auth-url": "http://127.0.0.1:1/"}, want: "web /"},
	"limit-rps":                      {annotations: []string{"limit-rps: 1"}, shows: untilRefused, want: "429 RateLimited"},
	"limit-rpm":                      {annotations: []string{"limit-rpm: 1"}, shows: passing, want: "6"},
	"limit-burst-multiplier":         {annotations: []string{"limit-rpm: 1", "limit-burst-multiplier: 2"}, shows: passing, want: "3"},
	"configuration-snippet":          {annotations: []string{"configuration-snippet: more_set_headers 'X-A: 1';"}, want: "web /", header: "X-A", value: "1"},
	"server-snippet":                 {annotations: []string{"server-snippet: location = /x { return 418 teapot; }"}, what: "h.io/x", want: "418 teapot"},
	"default-backend":                {annotations: []string{"default-backend: next"}, paths: "Prefix / -> nobody", what: "h.io/x", want: "next /x", header: "Got-X-Code", value: "503"},
	"custom-http-errors":             {annotations: []string{"default-backend: next", "custom-http-errors: 404,503"}, what: "h.io/x?status=404", want: "next /", header: "Got-X-Code", value: "404"},
	"disable-proxy-intercept-errors": {annotations: []string{"default-backend: next", "custom-http-errors: 404", "disable-proxy-intercept-errors: true"}, what: "h.io/x?status=404", want: "404 web /x?status=404"},
	"limit-connections":              {annotations: []string{"limit-connections: 1"}, shows: besideHeld, want: "429 ConnectionsLimited"},
	"limit-allowlist":                {annotations: []string{"limit-allowlist: 127.0.0.0/8", "limit-rpm: 1"}, shows: passing, want: "200"},
	"limit-whitelist":                {annotations: []string{"limit-whitelist: 127.0.0.0/8", "limit-rpm: 1"}, shows: passing, want: "200"},
	"proxy-redirect-from":            {annotations: []string{"proxy-redirect-from: http://inner/", "proxy-redirect-to: /app/"}, what: "h.io/?location=http://inner/x", want: "web /?location=http://inner/x", header: "Location", value: "http://h.io/app/x"},
	"proxy-redirect-to":              {annotations: []string{"proxy-redirect-from: ~*^http://INNER/(.*)$", "proxy-redirect-to: https://o.io/$1"}, what: "h.io/?location=http://inner/x", want: "web /?location=http://inner/x", header: "Location", value: "https://o.io/x"},
	"proxy-cookie-domain":            {annotations: []string{"proxy-cookie-domain: inner h.io"}, what: "h.io/?cookie=a=b;Domain=inner", want: "web /?cookie=a=b;Domain=inner", header: "Set-Cookie", value: "a=b;*omain=h.io"},
	"proxy-cookie-path":              {annotations: []string{"proxy-cookie-path: /one/ /"}, what: "h.io/?cookie=a=b;Path=/one/two", want: "web /?cookie=a=b;Path=/one/two", header: "Set-Cookie", value: "a=b;*ath=/two"},
	"enable-cors":                    {annotations: []string{"enable-cors: true"}, want: "web /", header: "Access-Control-Allow-Origin", value: "*"},
	"cors-allow-origin": {annotations: []string{"enable-cors: true", "cors-allow-origin: https://*.a.io, null"}, fields: []string{"Origin: https://b.a.io"}, want: "web /",
		header: "Access-Control-Allow-Origin", value: "https://b.a.io"},
	"cors-allow-methods":     {annotations: []string{"enable-cors: true", "cors-allow-methods: GET, PUT"}, want: "web /", header: "Access-Control-Allow-Methods", value: "GET, PUT"},
	"cors-allow-headers":     {annotations: []string{"enable-cors: true", "cors-allow-headers: X-A"}, want: "web /", header: "Access-Control-Allow-Headers", value: "X-A"},
	"cors-expose-headers":    {annotations: []string{"enable-cors: true", "cors-expose-headers: X-B"}, want: "web /", header: "Access-Control-Expose-Headers", value: "X-B"},
	"cors-allow-credentials": {annotations: []string{"enable-cors: true", "cors-allow-credentials: false"}, want: "web /", header: "Access-Control-Allow-Credentials"},
	"cors-max-age":           {annotations: []string{"enable-cors: true", "cors-max-age: 7"}, want: "web /", header: "Access-Control-Max-Age", value: "7"},
	"upstream-hash-by": {annotations: []string{"upstream-hash-by: $http_x_user"}, paths: "Prefix / -> four", more: numbered,
		shows: func(r *rig) string { return endpointsOf(r, "X-User: a") }, want: "1 endpoint"},
	"load-balance":            {annotations: []string{"load-balance: ewma"}, paths: "Prefix / -> four", more: numbered, shows: besideBusy, want: "hardly any to the busy one"},
	"affinity":                {annotations: []string{"affinity: cookie"}, want: "web /", header: "Set-Cookie", value: "INGRESSCOOKIE=*; Path=/; HttpOnly"},
	"session-cookie-name":     {annotations: []string{"affinity: cookie", "session-cookie-name: s"}, want: "web /", header: "Set-Cookie", value: "s=*; Path=/; HttpOnly"},
	"session-cookie-path":     {annotations: []string{"affinity: cookie", "session-cookie-path: /p"}, want: "web /", header: "Set-Cookie", value: "INGRESSCOOKIE=*; Path=/p; HttpOnly"},
	"session-cookie-domain":   {annotations: []string{"affinity: cookie", "session-cookie-domain: h.io"}, want: "web /", header: "Set-Cookie", value: "INGRESSCOOKIE=*; Path=/; Domain=h.io; HttpOnly"},
	"session-cookie-samesite": {annotations: []string{"affinity: cookie", "session-cookie-samesite: Strict"}, want: "web /", header: "Set-Cookie", value: "INGRESSCOOKIE=*; Path=/; HttpOnly; SameSite=Strict"},
	"session-cookie-secure":   {annotations: []string{"affinity: cookie", "session-cookie-secure: true"}, want: "web /", header: "Set-Cookie", value: "INGRESSCOOKIE=*; Path=/; Secure; HttpOnly"},
	"session-cookie-max-age":  {annotations: []string{"affinity: cookie", "session-cookie-max-age: 60"}, want: "web /", header: "Set-Cookie", value: "INGRESSCOOKIE=*; Path=/; HttpOnly; Max-Age=60"},
	"session-cookie-expires":  {annotations: []string{"affinity: cookie", "session-cookie-expires: 60"}, want: "web /", header: "Set-Cookie", value: "INGRESSCOOKIE=*; Path=/; HttpOnly; Max-Age=60"},
	"custom-headers": {annotations: []string{"custom-headers: fields"}, data: map[string]string{"global-allowed-response-headers": "X-Own"},
		more: func(*testing.T) []client.Object { return []client.Object{newMap("shop", "fields", "X-Own", "1")} }, want: "web /", header: "X-Own", value: "1"},
	"mirror-target":            {annotations: []string{"mirror-target: http://shadow$request_uri"}, shows: copied, want: "POST /m?q of shadow with 3 bytes"},
	"mirror-host":              {annotations: []string{"mirror-target: http://shadow$request_uri", "mirror-host: other.io"}, shows: copied, want: "POST /m?q of other.io with 3 bytes"},
	"mirror-request-body":      {annotations: []string{"mirror-target: http://shadow$request_uri", "mirror-request-body: off"}, shows: copied, want: "POST /m?q of shadow with 0 bytes"},
	"canary":                   {annotations: []string{"canary: true", "canary-weight: 100"}, beside: &object{name: "main", host: "h.io", paths: "Prefix / -> web"}, paths: "Prefix / -> next", want: "next /"},
	"canary-by-header":         {annotations: []string{"canary: true", "canary-by-header: X-C"}, beside: &object{name: "main", host: "h.io", paths: "Prefix / -> web"}, paths: "Prefix / -> next", fields: []string{"X-C: always"}, want: "next /"},
	"canary-by-header-value":   {annotations: []string{"canary: true", "canary-by-header: X-C", "canary-by-header-value: v"}, beside: &object{name: "main", host: "h.io", paths: "Prefix / -> web"}, paths: "Prefix / -> next", fields: []string{"X-C: v"}, want: "next /"},
	"canary-by-header-pattern": {annotations: []string{"canary: true", "canary-by-header: X-C", "canary-by-header-pattern: v.*"}, beside: &object{name: "main", host: "h.io", paths: "Prefix / -> web"}, paths: "Prefix / -> next", fields: []string{"X-C: v1"}, want: "next /"},
	"canary-by-cookie":         {annotations: []string{"canary: true", "canary-by-cookie: c"}, beside: &object{name: "main", host: "h.io", paths: "Prefix / -> web"}, paths: "Prefix / -> next", fields: []string{"Cookie: c=always"}, want: "next /"},
	"canary-weight":            {annotations: []string{"canary: true", "canary-weight: 100"}, beside: &object{name: "main", host: "h.io", paths: "Prefix / -> web"}, paths: "Prefix / -> next", want: "next /"},
	"canary-weight-total":      {annotations: []string{"canary: true", "canary-weight: 100", "canary-weight-total: 1000000"}, beside: &object{name: "main", host: "h.io", paths: "Prefix / -> web"}, paths: "Prefix / -> next", want: "web /"},
}

// of says what becomes of the requests, with the annotations of the effect but for one, if that is not empty.
func (e *effect) of(t *testing.T, but string, patience time.Duration) string {
	t.Helper()
	o := object{name: "a", host: "h.io", paths: cmp.Or(e.paths, "Prefix / -> web"), minutes: 1}
	for _, a := range e.annotations {
		if but == "" || !strings.HasPrefix(a, but+": ") {
			o.annotations = append(o.annotations, a)
		}
	}
	if e.tls {
		o.tls = []string{o.host}
	}
	objects := []object{o}
	if e.beside != nil {
		objects = append(objects, *e.beside)
	}
	var more []client.Object
	if e.more != nil {
		more = e.more(t)
	}
	r := serve(t, e.data, objects, more...)
	r.patience = patience
	if e.shows != nil {
		return e.shows(r)
	}
	got, err := r.exchange(cmp.Or(e.what, "h.io/"), e.fields...)
	if err != nil {
		return nothing
	}
	said := got.String()
	if e.header != "" {
		value := got.Header.Get(e.header)
		head, tail, cut := strings.Cut(e.value, "*")
		if cut && len(e.value) > 1 && strings.HasPrefix(value, head) && strings.HasSuffix(value, tail) {
			value = e.value
		}
		said += " | " + e.header + ": " + value
	}
	return said
}

// Each name has an effect, and whoever ignores the name fails the test: without it, something else becomes of the same
// requests.
func TestEachNameThatIsActedOnDoesSomethingToARequest(t *testing.T) {
	t.Parallel()
	ofClients := clientEffects()
	for _, n := range nginx.Annotations {
		if n.Fate != nginx.ActedOn {
			continue
		}
		e, ok := effects[n.Name]
		if !ok {
			e, ok = ofClients[n.Name]
		}
		if !ok {
			t.Errorf("no request shows what %s does", n.Name)
			continue
		}
		if !slices.ContainsFunc(e.annotations, func(a string) bool { return strings.HasPrefix(a, n.Name+": ") }) {
			t.Errorf("the request for %s is without it", n.Name)
		}
		t.Run(n.Name, func(t *testing.T) {
			t.Parallel()
			want := e.want
			if e.header != "" {
				want += " | " + e.header + ": " + e.value
			}
			if got := e.of(t, "", fixture.Patience); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			// What becomes of them without it may take long. To see that it is something else, it may not.
			if got := e.of(t, n.Name, impatience); got == want {
				t.Errorf("without it: got %q, too", got)
			}
		})
	}
}

// A key of the ConfigMap that has the name of an annotation has its effect on Ingresses that do not say it themselves.
func TestEachKeyWithTheNameOfAnAnnotationDoesTheSame(t *testing.T) {
	t.Parallel()
	shared := 0
	for _, n := range nginx.Keys {
		e, ok := effects[n.Name]
		if n.Fate != nginx.ActedOn || !ok || n.Name == "server-snippet" { // which is behind the annotation, and has no locations
			continue
		}
		shared++
		t.Run(n.Name, func(t *testing.T) {
			t.Parallel()
			moved := e
			moved.annotations, moved.data = nil, maps.Clone(e.data)
			if moved.data == nil {
				moved.data = map[string]string{}
			}
			for _, a := range e.annotations {
				if value, ok := strings.CutPrefix(a, n.Name+": "); ok {
					moved.data[n.Name] = value
				} else {
					moved.annotations = append(moved.annotations, a)
				}
			}
			want := e.want
			if e.header != "" {
				want += " | " + e.header + ": " + e.value
			}
			if got := moved.of(t, "", fixture.Patience); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	if shared < 20 {
		t.Errorf("only %d keys have the name of an annotation", shared)
	}
}

func TestEachNameThatClosesAnswersWithItsReasonAndSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	for _, n := range nginx.Annotations {
		if n.Fate != nginx.Closes {
			continue
		}
		t.Run(n.Name, func(t *testing.T) {
			t.Parallel()
			r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{n.Name + ": 1"}}})
			if got := r.ask("h.io/x").String(); got != "503 RuleClosed" {
				t.Errorf("got %q, want 503 RuleClosed", got)
			}
			if said := r.says("a"); !strings.Contains(said, n.Text) || !strings.Contains(said, nginx.Prefix+n.Name) {
				t.Errorf("it says %q, want what to write: %q", said, n.Text)
			}
			ignoring := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web",
				annotations: []string{n.Name + ": 1", "ingress.warren.dev/ignore-annotations: " + nginx.Prefix + n.Name}}})
			if got := ignoring.ask("h.io/x").String(); got != "web /x" {
				t.Errorf("when it is ignored: got %q\n%s", got, ignoring.says("a"))
			}
		})
	}
}

func TestNamesThatDoNothingAreServedAndTold(t *testing.T) {
	t.Parallel()
	for _, n := range nginx.Annotations {
		if n.Fate != nginx.Meaningless && n.Fate != nginx.NeverExisted {
			continue
		}
		r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{n.Name + ": x"}}})
		want := "nothing has to be done here about "
		if n.Fate == nginx.NeverExisted {
			want = "nothing was ever done by "
		}
		if got := r.ask("h.io/x").String(); got != "web /x" || !strings.Contains(r.says("a"), want+n.Name) {
			t.Errorf("%s: got %q, and it says %q", n.Name, got, r.says("a"))
		}
	}
}

func TestNamesThatNobodyKnows(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"my-allowed-ips": "503 RuleClosed", "frobnicate": "web /"} {
		r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{name + ": x"}}})
		if got := r.ask("h.io/").String(); got != want || !strings.Contains(r.says("a"), name+" is unknown") {
			t.Errorf("%s: got %q, want %q; it says %q", name, got, want, r.says("a"))
		}
	}
}

// What does not parse closes if it says who gets in or what a backend sees, and is told otherwise.
func TestValuesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ annotation, want, said string }{
		{"proxy-read-timeout: 60s", "web /", `write "60", without a unit`},
		{"proxy-read-timeout: 1h", "web /", `write "3600", without a unit`},
		{"ssl-redirect: yes", "web /", `write "true" or "false"`},
		{"proxy-next-upstream: errors", "web /", "write words such as error"},
		{"affinity: ip", "web /", "write cookie"},
		{"upstream-hash-by: $request_uri", "web /", "write $remote_addr"},
		{"canary-weight: 10%", "web /", "write one such as"},
		{"app-root: start", "web /", "cannot be the path of a request"},
		{"server-alias: ~^www$", "web /", "is no host"},
		{"mirror-target: https://elsewhere.io", "web /", "requests are copied to no other place"},
		{"force-ssl-redirect: yes", "503 RuleClosed", `write "true" or "false"`},
		{"proxy-body-size: 8 MB", "503 RuleClosed", `such as "8m"`},
		{"rewrite-target: /x?y=$1", "503 RuleClosed", "without a query"},
		{"rewrite-target: https://n.io/$1", "503 RuleClosed", "write permanent-redirect"},
		{"rewrite-target: /$request_uri", "503 RuleClosed", "without other variables"},
		{"permanent-redirect: n.io", "503 RuleClosed", "write one such as https://"},
		{"permanent-redirect: https://$host/", "503 RuleClosed", "write one such as https://"},
		{"backend-protocol: AUTO_HTTP", "503 RuleClosed", "write HTTP or HTTPS"},
		{"backend-protocol: AJP", "503 RuleClosed", "write HTTP, HTTPS, GRPC or GRPCS"},
		{"proxy-http-version: 1.0", "503 RuleClosed", "write 1.1"},
		{"allowlist-source-range: office", "503 RuleClosed", "10.0.0.0/8"},
		{"denylist-source-range: ", "503 RuleClosed", "it lists no address"},
		{"limit-rps: many", "503 RuleClosed", "write one such as"},
		{"satisfy: some", "503 RuleClosed", "write any or all"},
		{"cors-allow-origin: example.com", "503 RuleClosed", "https://shop.example.com"},
		{"upstream-vhost: a b", "503 RuleClosed", "is no host"},
		{"x-forwarded-prefix: /$1", "503 RuleClosed", "without $1"},
		{"custom-headers: other/map", "503 RuleClosed", "it names no ConfigMap of namespace shop"},
	} {
		r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix / -> web", annotations: []string{test.annotation}}})
		if got := r.ask("h.io/").String(); got != test.want || !strings.Contains(r.says("a"), test.said) {
			t.Errorf("%s: got %q, want %q; it says %q, want %q", test.annotation, got, test.want, r.says("a"), test.said)
		}
	}
}
