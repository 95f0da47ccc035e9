// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/audit"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
)

// one writes an Ingress: "namespace/name", the minute of its creation, the host, annotations without their prefix, and
// paths such as "Prefix /x web".
func one(name string, minute int, host, annotations string, paths ...string) string {
	namespace, name, _ := strings.Cut(name, "/")
	var b strings.Builder
	fmt.Fprintf(&b, "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  namespace: %s\n  name: %s\n  creationTimestamp: \"2026-01-01T00:%02d:00Z\"\n  annotations:\n", namespace, name, minute)
	for line := range strings.SplitSeq(annotations, "; ") {
		if key, value, ok := strings.Cut(line, ": "); ok {
			if !strings.Contains(key, "/") {
				key = nginx.Prefix + key
			}
			fmt.Fprintf(&b, "    %s: %q\n", key, value)
		}
	}
	fmt.Fprintf(&b, "spec:\n  ingressClassName: nginx\n  rules:\n  - host: %s\n    http:\n      paths:\n", host)
	for _, path := range paths {
		parts := strings.Fields(path)
		fmt.Fprintf(&b, "      - {path: %q, pathType: %s, backend: {service: {name: %s, port: {number: 80}}}}\n", parts[1], parts[0], parts[2])
	}
	return b.String()
}

// read audits manifests.
func read(t *testing.T, text string, o translate.Options) *audit.Report {
	t.Helper()
	return audited(t, objectsOf(t, text), o)
}

func objectsOf(t *testing.T, text string) []client.Object {
	t.Helper()
	set, err := manifests.Read([]string{manifests.Stdin}, strings.NewReader(text), manifests.Options{Uses: sources.Uses})
	if err != nil || len(set.Faults) > 0 {
		t.Fatal(err, set.Faults)
	}
	return set.Objects
}

func audited(t *testing.T, objects []client.Object, o translate.Options) *audit.Report {
	t.Helper()
	return auditedWith(t, objects, o, secretsOf(objects))
}

// auditedWith is audited with another way to find Secrets.
func auditedWith(t *testing.T, objects []client.Object, o translate.Options, secrets func([]types.NamespacedName) (map[types.NamespacedName]bool, error)) *audit.Report {
	t.Helper()
	o.IngressClass = "warren"
	options := nginx.Options{Class: "nginx"}
	in, _, err := sources.InputOf(objects, o, gatewayapi.Options{}, options)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, _ := translate.Build(in)
	ingresses, settings := sources.ForNginx(objects, o.IngressClass, options)
	return audit.Audit(&audit.Input{Ingresses: ingresses, Settings: settings, Objects: in.Objects, Snapshot: snapshot, Secrets: secrets})
}

// secretsOf finds Secrets among objects.
func secretsOf(objects []client.Object) func([]types.NamespacedName) (map[types.NamespacedName]bool, error) {
	return func([]types.NamespacedName) (map[types.NamespacedName]bool, error) {
		there := make(map[types.NamespacedName]bool)
		for _, o := range objects {
			if _, ok := o.(*corev1.Secret); ok {
				there[client.ObjectKeyFromObject(o)] = true
			}
		}
		return there, nil
	}
}

// Of the Secrets that Ingresses name it is told which are not there. Where nobody may know, that is told.
func TestSecretsThatAreMissing(t *testing.T) {
	t.Parallel()
	names := "auth-type: basic; auth-secret: users; auth-tls-secret: shop/clients-ca; backend-protocol: HTTPS; proxy-ssl-secret: shop/own-tls"
	secret := func(name string) string {
		return "---\napiVersion: v1\nkind: Secret\nmetadata: {namespace: shop, name: " + name + "}\n"
	}
	says := func(text string) (list []string) {
		for line := range strings.Lines(text) {
			if strings.Contains(line, ": secret, ") {
				list = append(list, strings.TrimSpace(line))
			}
		}
		return list
	}
	text := one("shop/a", 0, "h.io", names, "Prefix / web")
	const ending = ", was not found: without it no request passes, as in ingress-nginx"
	want := []string{
		": secret, same: Secret shop/clients-ca, which has the authorities of clients' certificates" + ending,
		": secret, same: Secret shop/own-tls, which has the certificate that backends are shown" + ending,
		": secret, same: Secret shop/users, which has the users and their passwords" + ending,
	}
	if diff := cmp.Diff(want, says(lines(read(t, text, translate.Options{}), "shop/a"))); diff != "" {
		t.Errorf("none is there (-want +got):\n%s", diff)
	}
	for i, name := range []string{"clients-ca", "own-tls", "users"} {
		but := slices.Delete(slices.Clone(want), i, i+1)
		if diff := cmp.Diff(but, says(lines(read(t, text+secret(name), translate.Options{}), "shop/a"))); diff != "" {
			t.Errorf("%s is there (-want +got):\n%s", name, diff)
		}
	}
	unknown := func([]types.NamespacedName) (map[types.NamespacedName]bool, error) {
		return nil, errors.New("no right to list them")
	}
	r := auditedWith(t, objectsOf(t, text), translate.Options{}, unknown)
	if got := says(lines(r, "shop/a")); len(got) > 0 || !slices.Contains(r.Notes, "whether the Secrets are there that Ingresses name is not known: no right to list them") {
		t.Errorf("it says %q, with the notes %q", got, r.Notes)
	}
}

// lines are what a report says of an Ingress, with the beginning of each text.
func lines(r *audit.Report, name string) string {
	var b strings.Builder
	for i := range r.Ingresses {
		one := &r.Ingresses[i]
		if one.Namespace+"/"+one.Name != name {
			continue
		}
		fmt.Fprintf(&b, "%s\n", one.Verdict)
		for _, a := range one.Annotations {
			fmt.Fprintf(&b, "%s: %s, %s: %s\n", a.Name, a.Fate, a.Verdict, a.Text)
		}
		for _, f := range one.Findings {
			fmt.Fprintf(&b, "%s: %s, %s: %s\n", strings.Join(f.Paths, " "), f.Kind, f.Verdict, f.Text)
		}
	}
	return b.String()
}

func TestWhatBecomesOfAnIngress(t *testing.T) {
	t.Parallel()
	web := func(annotations string) string { return one("shop/a", 0, "h.io", annotations, "Prefix / web") }
	for name, test := range map[string]struct{ manifests, want string }{
		"nothing to say": {web(""), "same\n"},
		"acted on":       {web("proxy-body-size: 8m"), "same\nproxy-body-size: acted on, same: \n"},
		"acted on, and differs": {web("limit-rps: 10"),
			"differs\nlimit-rps: acted on, differs: beyond the limit 429, where ingress-nginx said 503\n"},
		"a port that is left out": {web("use-port-in-redirects: true"), "differs\nuse-port-in-redirects: means nothing here, differs: " +
			"Redirects have the port that the client used, where the scheme stays. To HTTPS they have none, which says 443. Where clients come to HTTPS at another port, write `permanent-redirect` with it.\n"},
		"a limit that is none": {web("limit-rps: 0"), "same\nlimit-rps: acted on, same: \n"},
		"means nothing here": {web("proxy-buffering: on"),
			"same\nproxy-buffering: means nothing here, same: Nothing is buffered to be sent on in one piece: what an endpoint sends goes on as it comes.\n"},
		"never existed": {web("rate-limit: 10"), "same\nrate-limit: never existed, same: nothing was ever done by it. Write `limit-rps` or `limit-rpm`.\n"},
		"unknown":       {web("colour: red"), "same\ncolour: unknown, same: nothing was ever done by it: ingress-nginx has no such annotation\n"},
		"unknown, and sounds like access": {web("auth-magic: red"), "closes\n" +
			"auth-magic: closes, closes: is unknown, and its name sounds as if it said who gets in: take it off, or list it in ingress.warren.dev/ignore-annotations\n" +
			"h.io/: closed, closes: 503, because of the annotations that close\n"},
		"a value that cannot be read": {web("proxy-read-timeout: 5m"),
			"same\nproxy-read-timeout: did nothing, same: \"5m\" is no whole number of seconds: write \"300\", without a unit; until then it counts as not written\n"},
		"a value that cannot be read, and guards": {web("whitelist-source-range: home"), "closes\n" +
			"whitelist-source-range: closes, closes: \"home\" is neither an address such as 10.0.50.7 nor a range such as 10.0.0.0/8: write those, with commas between them\n" +
			"h.io/: closed, closes: 503, because of the annotations that close\n"},
		"a switch that is off":     {web("enable-modsecurity: false"), "same\nenable-modsecurity: did nothing, same: its value asks for nothing\n"},
		"without what it needs":    {web("cors-max-age: 10"), "same\ncors-max-age: did nothing, same: it does nothing without enable-cors\n"},
		"with what it needs":       {web("cors-max-age: 10; enable-cors: true"), "same\ncors-max-age: acted on, same: \nenable-cors: acted on, same: \n"},
		"to HTTPS without tls":     {web("ssl-redirect: true"), "same\nssl-redirect: did nothing, same: no Ingress of its hosts has tls; force-ssl-redirect does it without\n"},
		"not to HTTPS without tls": {web("ssl-redirect: false"), "same\nssl-redirect: acted on, same: \n"},
		"what a version dropped":   {web("secure-backends: true"), "same\nsecure-backends: did nothing, same: ingress-nginx 0.18 dropped it. Write `backend-protocol: HTTPS`, which took its place.\n"},
		"served without it":        {web("auth-url: http://a/b; ingress.warren.dev/ignore-annotations: nginx.ingress.kubernetes.io/auth-url"), "differs\nauth-url: ignored, differs: ingress.warren.dev/ignore-annotations lists it: the Ingress is served without it\n"},
		"two that contradict": {web("limit-rps: 1; limit-rpm: 1"), "closes\n" +
			"limit-rpm: closes, closes: a path has one limit: write the one that is meant to hold, and take the other off\n" +
			"limit-rps: closes, closes: a path has one limit: write the one that is meant to hold, and take the other off\n" +
			"h.io/: closed, closes: 503, because of the annotations that close\n"},
		"copies for another namespace": {web("mirror-target: http://a.other.svc"),
			"differs\nmirror-target: not kept, differs: \"http://a.other.svc\" is a Service of another namespace: requests are copied to those of this one alone\n"},
		"a value that only ingress-nginx reads": {web("upstream-hash-by: $request_uri"), "differs\nupstream-hash-by: not kept, differs: " +
			"\"$request_uri\" is nothing that requests can be shared by here: write $remote_addr, or one variable such as $http_x_user or $cookie_session; until then it counts as not written\n"},
		"two Ingresses, one path": {one("shop/b", 0, "h.io", "", "Prefix / web") + one("shop/a", 1, "h.io", "", "Prefix / web"), "same\nh.io/: an older one has it, same: Prefix / of host h.io is served by rules[0].http.paths[0] of the older Ingress networking.k8s.io/shop/b; it was so in ingress-nginx\n"},
		"a host of another namespace": {one("shop/a", 1, "h.io", "", "Prefix /a web") + one("other/b", 0, "h.io", "", "Prefix / web"), "contested\n" +
			"h.io/a: contested, contested: host \"h.io\" belongs to another namespace: choose another host, or ask the cluster's administrator, whom kubectl warren hosts tells whose it is; ingress-nginx served the paths of all namespaces\n"},
		"a path that cannot be read": {one("shop/a", 0, "h.io", "use-regex: true", "ImplementationSpecific /(?!x) web"), "closes\nuse-regex: acted on, same: \n" +
			"h.io/(?!x): closed, closes: 503: path \"/(?!x)\" is no regular expression of RE2: error parsing regexp: invalid or unsupported Perl syntax: `(?!`\n"},
		"an expression of another Ingress": {one("shop/a", 0, "h.io", "", "Prefix /Other web") + one("shop/b", 0, "h.io", "rewrite-target: /$1", "ImplementationSpecific /x/(.*) web"), "same\n" +
			"h.io/Other: expression, same: is an expression that ignores case and is open at its end, because shop/b has rewrite-target; it was so in ingress-nginx\n"},
		"Exact, and an expression": {one("shop/a", 0, "h.io", "use-regex: true", "Exact /x web"), "same\nuse-regex: acted on, same: \n" +
			"h.io/x: expression, same: is an expression that ignores case and is open at its end, though its type is Exact; it was so in ingress-nginx\n"},
		"the server-snippet of an older Ingress": {one("shop/a", 1, "h.io", "server-snippet: expires 1h;", "Prefix / web") + one("shop/b", 0, "h.io", "server-snippet: expires 2h;", "Prefix /b web"),
			"same\nserver-snippet: did nothing, same: a host has one, and an older Ingress has it: shop/b\n"},
		"a host that a certificate of clients closes": {one("shop/a", 0, "h.io", "", "Prefix / web") + one("shop/b", 0, "h.io", "auth-tls-secret: ca", "Prefix /b web"), "closes\n" +
			"h.io/: closed, closes: 503: Prefix / of host h.io answers 503, because an annotation of the Ingress networking.k8s.io/shop/b may say who gets in on the whole host, and is not acted on here\n"},
	} {
		if diff := cmp.Diff(test.want, lines(read(t, test.manifests, translate.Options{}), "shop/a")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Each row is what ingress-nginx was seen to do with canaries.
func TestWhatBecomesOfACanary(t *testing.T) {
	t.Parallel()
	const by = "canary: true; canary-weight: 10"
	acted := "canary: acted on, same: \ncanary-weight: acted on, same: \n"
	main := one("shop/main", 0, "h.io", "", "Prefix / web")
	for name, test := range map[string]struct{ manifests, want string }{
		"picked": {main + one("shop/a", 5, "h.io", by, "Prefix / next"), "same\n" + acted},
		"its service is an older Ingress's": {main + one("shop/own", 1, "next.io", "", "Prefix / next") + one("shop/a", 5, "h.io", by, "Prefix / next"), "differs\n" + acted +
			"h.io/: canary, differs: was never picked, would be now: Ingress shop/own has its service as an ordinary backend\n"},
		"its service is a younger Ingress's": {main + one("shop/own", 9, "next.io", "", "Prefix / next") + one("shop/a", 5, "h.io", by, "Prefix / next"), "same\n" + acted},
		"its service is that of one of the same second that comes first": {main + one("shop/own", 5, "next.io", "", "Prefix / next") + one("shop/a", 5, "h.io", by, "Prefix / next"),
			"differs\n" + acted + "h.io/: canary, differs: was never picked, would be now: Ingress shop/own has its service as an ordinary backend\n"},
		"its service is that of one of the same second that comes later": {main + one("shop/0wn", 5, "next.io", "", "Prefix / next") + one("shop/a", 5, "h.io", by, "Prefix / next"),
			"same\n" + acted},
		"nobody knows who is older": {ageless(main + one("shop/own", 5, "next.io", "", "Prefix / next") + one("shop/a", 5, "h.io", by, "Prefix / next")), "differs\n" + acted +
			"h.io/: canary, differs: was never picked if Ingress shop/own is older, which has its service as an ordinary backend; would be now\n"},
		"its service is one of another namespace": {main + one("other/own", 1, "next.io", "", "Prefix / next") + one("shop/a", 5, "h.io", by, "Prefix / next"), "same\n" + acted},
		"without a main": {one("shop/a", 5, "h.io", by, "Prefix / next"), "same\n" + acted +
			"h.io/: canary, same: no other Ingress of the namespace has a rule for Prefix / of host h.io, and a canary makes none: write the host, path and pathType of the main one; the canary gets no request there\n"},
		"what counts of it": {main + one("shop/a", 5, "h.io", "canary: true; proxy-body-size: 8m", "Prefix / next"),
			"same\ncanary: acted on, same: \nproxy-body-size: did nothing, same: of a canary only the annotations count that begin with canary; the main Ingress says the rest\n"},
	} {
		if diff := cmp.Diff(test.want, lines(read(t, test.manifests, translate.Options{}), "shop/a")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// ageless takes the ages out of manifests.
func ageless(text string) string {
	return regexp.MustCompile(`(?m)^  creationTimestamp: .*\n`).ReplaceAllString(text, "")
}

// An ordinary Ingress had no path there whose service a canary before it had made its own.
func TestWhatACanaryDisplaced(t *testing.T) {
	t.Parallel()
	const canary = "canary: true; canary-weight: 10"
	main := one("shop/main", 0, "h.io", "", "Prefix / web")
	own := one("shop/own", 5, "next.io", "", "Prefix / next", "Prefix /web web")
	for name, test := range map[string]struct{ manifests, want string }{
		"an older canary": {main + one("shop/a", 1, "h.io", canary, "Prefix / next") + own,
			"differs\nnext.io/: canary, differs: was not served, is now: the Ingress shop/a comes first, and made its service a canary's alone\n"},
		"a younger canary":                       {main + one("shop/a", 9, "h.io", canary, "Prefix / next") + own, "same\n"},
		"an ordinary one before the canary":      {main + one("shop/first", 0, "f.io", "", "Prefix / next") + one("shop/a", 1, "h.io", canary, "Prefix / next") + own, "same\n"},
		"an older canary of another namespace":   {main + one("other/a", 1, "h.io", canary, "Prefix / next") + own, "same\n"},
		"a canary of which nobody knows the age": {ageless(main + one("shop/z", 1, "h.io", canary, "Prefix / next") + own), "same\n"},
	} {
		if diff := cmp.Diff(test.want, lines(read(t, test.manifests, translate.Options{}), "shop/own")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestHostsThatSeveralHave(t *testing.T) {
	t.Parallel()
	text := one("shop/a", 0, "h.io", "use-regex: true", "Prefix /a web") + one("shop/b", 0, "h.io", "", "Prefix /b web") + one("other/c", 1, "h.io", "", "Prefix /c web")
	r := read(t, text, translate.Options{})
	want := &audit.Report{
		Expressions: []audit.Expressions{{Host: "h.io", By: []string{"shop/a has use-regex"}, Infected: []string{"shop/b"}}},
		Contested:   []audit.Host{{Name: "h.io", Namespaces: []string{"other", "shop"}, Owner: "shop"}},
	}
	got := &audit.Report{Expressions: r.Expressions, Contested: r.Contested}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if summary := r.Summary(); summary != "3 Ingresses: 2 same, 1 contested" || !r.Fails() {
		t.Errorf("%q, fails: %v", summary, r.Fails())
	}
	shared := read(t, text, translate.Options{AllowSharedHosts: true})
	if diff := cmp.Diff([]audit.Host{{Name: "h.io", Namespaces: []string{"other", "shop"}}}, shared.Contested); diff != "" || shared.Fails() {
		t.Errorf("shared (-want +got):\n%s", diff)
	}
}

func TestWhatBecomesOfTheDirectivesOfASnippet(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		snippet string
		verdict audit.Verdict
		want    []audit.Directive
	}{
		"one that is kept": {"more_set_headers \"X-A: b\";\nproxy_buffering off;\n", audit.Same, []audit.Directive{
			{Line: 1, Name: "more_set_headers", Fate: "acted on"}, {Line: 2, Name: "proxy_buffering", Fate: "means nothing here"}}},
		"one that cannot be kept": {"more_set_headers \"X-A: b\";\nproxy_cache shop;\n", audit.Closes, []audit.Directive{
			{Line: 2, Name: "proxy_cache", Fate: "closes"}}},
		"one that cannot be read": {"if ($host = a", audit.Closes, []audit.Directive{{Line: 1, Name: "snippet", Fate: "closes"}}},
	} {
		r := read(t, one("shop/a", 0, "h.io", "configuration-snippet: "+test.snippet, "Prefix / web"), translate.Options{})
		got := r.Ingresses[0].Annotations[0].Directives
		for i := range got {
			if got[i].Text == "" && got[i].Fate != "acted on" {
				t.Errorf("%s: line %d has no text", name, got[i].Line)
			}
			got[i].Text = ""
		}
		if diff := cmp.Diff(test.want, got); diff != "" || r.Ingresses[0].Verdict != test.verdict {
			t.Errorf("%s: %s (-want +got):\n%s", name, r.Ingresses[0].Verdict, diff)
		}
	}
}

// A name that is renamed in the table must not lose what is said of it here.
func TestEachNameThatDiffersIsInTheTable(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	for _, n := range nginx.Annotations {
		known[n.Name] = true
	}
	for _, name := range audit.Mentioned() {
		if !known[name] {
			t.Errorf("ingress-nginx has no annotation %q", name)
		}
	}
}

// What has come to be acted on is lost no more.
func TestNothingThatIsActedOnIsLost(t *testing.T) {
	t.Parallel()
	for _, n := range nginx.Annotations {
		if n.Fate != nginx.Meaningless && slices.Contains(audit.Lost(), n.Name) {
			t.Errorf("%s is lost, and its fate is %s", n.Name, n.Fate)
		}
	}
}
