// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/convert"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

// conversion is a set of objects before and after they were converted.
type conversion struct {
	t             *testing.T
	before, after *compiled
	result        *convert.Result
	options       convert.Options
	asked         int
}

func converted(t *testing.T, objects []client.Object) *conversion {
	t.Helper()
	return convertedFor(t, objects, &controllerFlags{class: "warren", gateways: gatewayapi.DefaultController})
}

func convertedFor(t *testing.T, objects []client.Object, f *controllerFlags) *conversion {
	t.Helper()
	c := &conversion{t: t, options: convert.Options{Gateway: "web", Class: "warren", HTTPPort: 80, HTTPSPort: 443}}
	var err error
	if c.result, err = f.convert(objects, &c.options); err != nil {
		t.Fatal(err)
	}
	objects = sources.WithPods(objects)
	if c.before, err = f.compile(objects); err != nil {
		t.Fatal(err)
	}
	// Whoever applies the objects decides how old they are. Here the last one is the oldest.
	applied := make([]client.Object, len(c.result.Objects))
	for i, object := range c.result.Objects {
		applied[i] = object.DeepCopyObject().(client.Object)
		applied[i].SetCreationTimestamp(metav1.Unix(int64(len(applied)-i), 0))
	}
	if c.after, err = f.compile(slices.Concat(withoutIngresses(objects), applied)); err != nil {
		t.Fatal(err)
	}
	return c
}

// lost returns what is told not to be said by the new objects.
func (c *conversion) lost() (lost []string) {
	for _, r := range c.result.Remarks {
		if r.Lost {
			lost = append(lost, r.Of+": "+r.Text)
		}
	}
	return lost
}

// compare asks for hosts and paths near those of the rules, before and after. Without a loss all answers are the same.
// With one, no request reaches a service that did not reach it before.
func (c *conversion) compare() {
	c.t.Helper()
	exact := len(c.lost()) == 0
	paths := []string{"/", "/elsewhere", "/x12"}
	hosts := []string{"unknown.example"}
	c.before.snapshot.EachHost(func(_ *snapshot.Listener, h *snapshot.Host) {
		if name := strings.Replace(h.Name, "*", "any", 1); name != "" {
			hosts = append(hosts, name)
		}
		for i := range h.Routes {
			if r := &h.Routes[i]; r.Match != snapshot.MatchExpression && !slices.Contains(paths, r.Path) {
				paths = append(paths, r.Path, strings.TrimSuffix(r.Path, "/")+"/below", r.Path+"more")
			}
		}
	})
	for _, host := range hosts {
		for _, path := range paths {
			for _, scheme := range []string{"http://", "https://"} {
				for _, q := range []explain.Question{
					{}, {Method: "POST", Headers: []string{"X-A: 1", "X-B: 2"}}, {Method: "GET", Headers: []string{"X-A: 1"}},
				} {
					q.URL = scheme + host + path
					if q.Method == "POST" {
						q.URL += "?v=1"
					}
					c.ask(&q, exact)
				}
			}
		}
	}
}

func (c *conversion) ask(q *explain.Question, exact bool) {
	c.t.Helper()
	was, err := c.before.proxy.Explainer().Explain(q)
	if err != nil {
		return
	}
	is, err := c.after.proxy.Explainer().Explain(q)
	if err != nil {
		c.t.Errorf("%+v: %v", q, err)
		return
	}
	c.asked++
	if was.Answer.TLSAlert != "" || is.Answer.TLSAlert != "" {
		// A host without a rule has no listener any more. A listener of several hosts has all of their certificates.
		if exact && was.Answer.TLSAlert == "" && was.Answer.Status != 404 {
			c.t.Errorf("%s: the handshake fails: %s", q.URL, is.Answer.Text)
		}
		return
	}
	if is.Answer.Location != "" && was.Answer.Location == "" && slices.ContainsFunc(c.result.Rules, func(r convert.Rule) bool { return r.Host == is.Request.Host && r.Redirected }) {
		return // The Secret is not among the files.
	}
	served := func(e *explanation.Explanation) bool { return e.Answer.Status == 0 }
	old, latest := fateOf(was), fateOf(is)
	if served(is) && !served(was) {
		c.t.Errorf("%s %s %v reaches %s, and got %d %s before", q.Method, q.URL, q.Headers, is.Pool.Service, was.Answer.Status, was.Answer.Reason)
	}
	if !exact || was.Answer.Status == 503 && is.Answer.Status == 500 {
		return
	}
	for i, name := range fateNames {
		if !reflect.DeepEqual(old[i], latest[i]) {
			c.t.Errorf("%s %s %v: %s %v, and was %v", q.Method, q.URL, q.Headers, name, latest[i], old[i])
		}
	}
	// What no explanation shows.
	if a, b := routeOf(c.before, was), routeOf(c.after, is); a != nil && b != nil && (a.Timeouts != b.Timeouts || a.Retries != b.Retries ||
		a.Balancing != b.Balancing || a.Canonical != b.Canonical) {
		c.t.Errorf("%s %s: the route was %+v, and is %+v", q.Method, q.URL, a, b)
	}
}

// routeOf returns the route that wins a request and is served by a pool, or nil.
func routeOf(of *compiled, e *explanation.Explanation) (found *snapshot.Route) {
	if len(e.Candidates) == 0 || !e.Candidates[0].Wins || e.Pool == nil {
		return nil
	}
	won := &e.Candidates[0]
	of.snapshot.EachHost(func(_ *snapshot.Listener, h *snapshot.Host) {
		for i := range h.Routes {
			if r := &h.Routes[i]; r.Rule.Ingress == won.Ingress && r.Rule.Place() == won.Rule && h.Name == won.Host {
				found = r
			}
		}
	})
	return found
}

func manifestsOf(t *testing.T, names ...string) []client.Object {
	t.Helper()
	read, err := manifests.Read(names, nil, manifests.Options{Uses: sources.Uses})
	if err != nil {
		t.Fatal(err)
	}
	return read.Objects
}

func TestSamplesAreConverted(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"../config/samples", "../examples/shop", "../examples/standard-ingress", "../examples/virtual-machines"} {
		c := converted(t, manifestsOf(t, folder))
		for _, lost := range c.lost() {
			if !strings.Contains(lost, "no certificate is ordered") {
				t.Errorf("%s: %s", folder, lost)
			}
		}
		c.result.Remarks = nil // That changes no answer.
		c.compare()
		if c.asked < 20 {
			t.Errorf("%s: %d requests were asked for", folder, c.asked)
		}
	}
}

func TestWhatChartsRenderIsConverted(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/charts/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "manifests.yaml")
		if err := os.WriteFile(path, []byte(string(text)+secretsFor(t, text)), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			c := converted(t, manifestsOf(t, path))
			if len(c.lost()) == 0 {
				same++
			}
			c.compare()
		})
	}
	if same < len(files)/3 {
		t.Errorf("%d of %d charts lose nothing", same, len(files))
	}
}

// randomIngresses makes Ingresses of two namespaces whose hosts and paths often meet.
func randomIngresses(r *rand.Rand, secret func(namespace string) *corev1.Secret) (objects []client.Object) {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	objects = append(objects, &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "warren"}, Spec: networkingv1.IngressClassSpec{Controller: "ingress.warren.dev/controller"}})
	for _, namespace := range []string{"a", "b"} {
		for _, service := range []string{"web", "api"} {
			objects = append(objects, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: service},
				Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80}}}})
		}
		objects = append(objects, secret(namespace))
	}
	for n := range 1 + r.IntN(4) {
		meta := metav1.ObjectMeta{Namespace: pick("a", "a", "b"), Name: fmt.Sprintf("ingress-%d", n), CreationTimestamp: metav1.Unix(1+r.Int64N(3), 0)}
		if r.IntN(4) == 0 {
			objects = append(objects, randomStandard(r, pick, meta))
			continue
		}
		o := &v1alpha1.Ingress{ObjectMeta: meta}
		for range 1 + r.IntN(3) {
			rule := v1alpha1.IngressRule{Host: v1alpha1.Host(pick("shop.example.com", "www.example.com", "*.example.com", "other.net", ""))}
			for range 1 + r.IntN(4) {
				rule.Paths = append(rule.Paths, randomPath(r, pick))
			}
			o.Spec.Rules = append(o.Spec.Rules, rule)
		}
		if r.IntN(3) == 0 {
			o.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "tls", RedirectHTTP: new(r.IntN(2) == 0), Hosts: []v1alpha1.CertificateHost{"shop.example.com"}}
		}
		objects = append(objects, o)
	}
	return objects
}

// randomStandard makes a standard Ingress. Its annotations may be those of another controller that close its paths or
// all of its hosts.
func randomStandard(r *rand.Rand, pick func(...string) string, meta metav1.ObjectMeta) *networkingv1.Ingress {
	o := &networkingv1.Ingress{ObjectMeta: meta, Spec: networkingv1.IngressSpec{IngressClassName: new("warren")}}
	o.Annotations = map[string]string{}
	if name := pick("", "", "", "", "auth-tls-secret", "server-snippet", "auth-url", "proxy-body-size"); name != "" {
		o.Annotations["nginx.ingress.kubernetes.io/"+name] = "shop/clients"
	}
	if r.IntN(4) == 0 {
		o.Annotations["ingress.warren.dev/access-control"] = "{allowedIPs: [10.0.0.0/8]}"
	}
	to := func() networkingv1.IngressBackend {
		return networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: pick("web", "api"), Port: networkingv1.ServiceBackendPort{Number: 80}}}
	}
	for range 1 + r.IntN(3) {
		var paths []networkingv1.HTTPIngressPath
		for range r.IntN(3) {
			paths = append(paths, networkingv1.HTTPIngressPath{Path: pick("/", "/cart", "/api"), PathType: new(networkingv1.PathType(pick("Prefix", "Exact"))), Backend: to()})
		}
		rule := networkingv1.IngressRule{Host: pick("shop.example.com", "www.example.com", "*.example.com", "other.net")}
		if paths != nil {
			rule.HTTP = &networkingv1.HTTPIngressRuleValue{Paths: paths}
		}
		o.Spec.Rules = append(o.Spec.Rules, rule)
	}
	if r.IntN(3) == 0 {
		o.Spec.DefaultBackend = new(to())
	}
	return o
}

func randomPath(r *rand.Rand, pick func(...string) string) v1alpha1.IngressPath {
	p := v1alpha1.IngressPath{
		Path: v1alpha1.Path(pick("/", "/", "/cart", "/cart", "/cart/items", "/cart/items", "/api", "/api", "/a%20b", "/a%2Fb")), PathType: v1alpha1.PathType(pick("", "Prefix", "Exact")),
		Backend: v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(pick("web", "api")), Port: 80},
	}
	some := func() bool { return r.IntN(5) == 0 }
	if some() {
		p.Methods = []v1alpha1.Method{"GET", "POST"}[r.IntN(2):]
	}
	if some() {
		p.Match = &v1alpha1.Match{Headers: []v1alpha1.HeaderMatch{{Name: "X-A", Value: pick("1", "2")}}}
	}
	if some() {
		p.AccessControl = &v1alpha1.AccessControl{AllowedIPs: []v1alpha1.AddressRange{"10.0.0.0/8"}}
	}
	if some() {
		p.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: resource.MustParse("5"), Burst: 7}
	}
	if some() {
		p.Headers = &v1alpha1.Headers{Set: map[string]v1alpha1.HeaderValue{"X-Set": "1"}, Add: map[string]v1alpha1.HeaderValue{"X-Add": "2"}, Remove: v1alpha1.HeaderNames{"Server"}}
	}
	switch r.IntN(8) {
	case 0:
		p.Backend, p.Redirect = v1alpha1.IngressBackend{}, &v1alpha1.Redirect{Scheme: "https", Host: "new.example.com", StatusCode: 301}
		return p
	case 1:
		p.Backend, p.FixedResponse = v1alpha1.IngressBackend{}, &v1alpha1.FixedResponse{StatusCode: 503, Body: "back soon"}
		return p
	case 2:
		p.Backend = v1alpha1.IngressBackend{}
		p.Backends = []v1alpha1.WeightedBackend{{ServiceName: "web", Port: 80, Weight: new(int32(9))}, {ServiceName: "api", Port: 80,
			Headers: &v1alpha1.WeightedBackendHeaders{Set: map[string]v1alpha1.HeaderValue{"X-Canary": "1"}}}}
	case 3:
		p.Backend.Protocol = v1alpha1.Protocol(pick("HTTP", "HTTPS", "H2C"))
	}
	if some() {
		p.Mirror = &v1alpha1.Mirror{ServiceName: "web", Port: 80, Percent: 25}
	}
	if some() {
		p.SessionPersistence = &v1alpha1.SessionPersistence{CookieName: "session"}
	}
	if some() {
		p.Path, p.PathType = v1alpha1.Path(pick("/x[0-9]+", "/(x|y).*")), v1alpha1.PathTypeRegularExpression
		return p
	}
	if some() {
		p.Rewrite = &v1alpha1.Rewrite{StripPrefix: "/cart"}
	}
	if some() {
		p.LoadBalancing = &v1alpha1.LoadBalancing{Policy: "LeastRequest"}
	}
	if some() {
		p.Timeouts, p.Retries = &v1alpha1.Timeouts{Request: &metav1.Duration{Duration: time.Second}}, &v1alpha1.Retries{Attempts: new(int32(3))}
	}
	if some() {
		p.PathSpelling = v1alpha1.PathSpellingCanonical
	}
	return p
}

func TestRandomIngressesAreConverted(t *testing.T) {
	t.Parallel()
	pair := fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "shop.example.com")
	r := rand.New(rand.NewPCG(7, 7))
	same, asked := 0, 0
	const sets = 600
	for n := range sets {
		f := &controllerFlags{class: "warren", gateways: gatewayapi.DefaultController, allowSharedHosts: n%8 == 0}
		c := convertedFor(t, randomIngresses(r, func(namespace string) *corev1.Secret { return pair.Secret(namespace, "tls") }), f)
		if len(c.lost()) == 0 {
			same++
		}
		c.compare()
		asked += c.asked
	}
	t.Logf("%d sets, of which %d lose nothing; %d requests", sets, same, asked)
	if same < sets/6 {
		t.Errorf("%d of %d sets lose nothing: too little is compared", same, sets)
	}
}

func TestWhatCannotBeConvertedIsToldAndClosed(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: ingress.warren.dev/v1alpha1\nkind: Ingress\nmetadata: {name: shop}\nspec: {rules: [{host: shop.example.com, paths: [{path: /, "
	for name, test := range map[string]struct{ path, want string }{
		"a method of somebody's own":      {"methods: [PROPFIND], backend: {serviceName: web, port: 80}}]}]}\n", `a route cannot ask for the method "PROPFIND": the host answers 500 as a whole`},
		"a path that the API refuses":     {"backend: {serviceName: web, port: 80}}, {path: /a%2Fb, backend: {serviceName: web, port: 80}}]}]}\n", `a route cannot have the path "/a%2Fb": the host answers 500 as a whole`},
		"a header field without a value":  {"match: {headers: [{name: X-A, value: ''}]}, backend: {serviceName: web, port: 80}}]}]}\n", `a route cannot ask for the header field "x-a" without a value: the host answers 500`},
		"a parameter that is no token":    {"match: {query: [{name: 'a[b]', value: c}]}, backend: {serviceName: web, port: 80}}]}]}\n", `a route cannot ask for the parameter "a[b]": its name has to be`},
		"a prefix replaced for methods":   {"methods: [GET, POST], redirect: {replacePrefix: /b}}]}]}\n", "a route's redirect replaces the prefix for one method or for all: it answers 500"},
		"a backend over TLS":              {"backend: {serviceName: web, port: 80, protocol: HTTPS}}]}]}\n", "is spoken to over TLS, which a BackendTLSPolicy says and no route: it answers 500"},
		"HTTP/2 that no Service tells of": {"backend: {serviceName: web, port: 80, protocol: H2C}}]}]}\n", "write appProtocol: kubernetes.io/h2c: it answers 500"},
		"certificates of clients": {"backend: {serviceName: web, port: 80}}]}], tls: {secretName: a, clientCertificate: {caSecretName: b}}}\n",
			"its clients have to show certificates, which an HTTPRoute cannot say: it answers 500 as a whole"},
		"an order": {"backend: {serviceName: web, port: 80}}]}], tls: {autoSSL: true}}\n", "no certificate is ordered"},
	} {
		got := runWith(head+test.path+web, "convert", "-")
		if got.code != exitFailure || !strings.Contains(got.err, "not converted: ") || !strings.Contains(got.err, test.want) ||
			!strings.Contains(got.out, "# not converted: ") {
			t.Errorf("%s: %+v", name, got)
		}
		if served := strings.Contains(got.out, "backendRefs"); served != (name == "an order") {
			t.Errorf("%s: requests reach a backend: %v\n%s", name, served, got.out)
		}
	}
}

func TestAConversionCanBeApplied(t *testing.T) {
	t.Parallel()
	got := runWith("", "convert", "../config/samples/ingress_demo.yaml", "../config/samples/task_web.yaml", "../config/samples/task_api.yaml", "--gateway=public", "--http-port=8080")
	if got.code != 0 || got.err != "" {
		t.Fatalf("%+v", got)
	}
	path := filepath.Join(t.TempDir(), "converted.yaml")
	if err := os.WriteFile(path, []byte(got.out), 0o600); err != nil {
		t.Fatal(err)
	}
	said := runWith("", "explain", "http://demo.localhost:8080/api/hello", "-f", path, "-f", "../config/samples/task_web.yaml")
	if !strings.Contains(said.out, "default/public/http at [::]:8080") || !strings.Contains(said.out, "-> demo.localhost  Exact /api/hello") {
		t.Errorf("%+v", said)
	}
}

// answersOf asks for URLs, and returns the status of each answer, 0 for what a backend answers.
func (c *compiled) answersOf(t *testing.T, urls ...string) (statuses []int) {
	t.Helper()
	for _, url := range urls {
		e, err := c.proxy.Explainer().Explain(&explain.Question{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, e.Answer.Status)
	}
	return statuses
}

// objectsOf reads manifests.
func objectsOf(t *testing.T, text string) []client.Object {
	t.Helper()
	read, err := manifests.Read([]string{"-"}, strings.NewReader(text), manifests.Options{Uses: sources.Uses})
	if err != nil || len(read.Faults) > 0 {
		t.Fatal(err, read.Faults)
	}
	return read.Objects
}

func TestAHostThatIsClosedAsAWholeStaysClosed(t *testing.T) {
	t.Parallel()
	const class = "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: warren}\nspec: {controller: ingress.warren.dev/controller}\n"
	const spec = "ingressClassName: warren, "
	under := func(path, ingress string) string { return strings.Replace(ingress, "path: /,", "path: "+path+",", 1) }
	for _, annotation := range []string{"auth-tls-secret", "server-snippet"} {
		closes := standard("closes", "nginx.ingress.kubernetes.io/"+annotation+": shop/clients", spec, "shop.example.com")
		bare, _, _ := strings.Cut(closes, ", http:")
		for name, ingresses := range map[string]string{
			"a wildcard is open":              under("/admin", closes) + standard("open", "", spec, `"*.example.com"`),
			"another path is open":            under("/admin", closes) + under("/shop", standard("open", "", spec, "shop.example.com")),
			"it has no path":                  bare + "}]}\n" + standard("open", "", spec, `"*.example.com"`),
			"another Ingress closes it first": under("/a", strings.Replace(closes, "name: closes", "name: before", 1)) + under("/b", closes) + standard("open", "", spec, `"*.example.com"`),
		} {
			c := converted(t, objectsOf(t, web+class+ingresses))
			urls := []string{"http://shop.example.com/", "http://shop.example.com/admin", "http://shop.example.com/shop", "http://shop.example.com/anything"}
			if was := c.before.answersOf(t, urls...); !slices.Equal(was, []int{503, 503, 503, 503}) {
				t.Fatalf("%s, %s: it is not closed today: %v", annotation, name, was)
			}
			if is := c.after.answersOf(t, urls...); !slices.Equal(is, []int{500, 500, 500, 500}) {
				t.Errorf("%s, %s: the answers are %v", annotation, name, is)
			}
			if lost := strings.Join(c.lost(), "\n"); !strings.Contains(lost, "rules[0]: the host answers 500 as a whole, in place of 503: annotation nginx.ingress.kubernetes.io/"+annotation) {
				t.Errorf("%s, %s: %q is told", annotation, name, lost)
			}
			c.compare()
		}
	}
}

// TestADefaultBackendIsConvertedOfEachHostAlone has a default backend that another Ingress leaves nothing for on one of
// two hosts.
func TestADefaultBackendIsConvertedOfEachHostAlone(t *testing.T) {
	t.Parallel()
	const text = web + `---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: warren}
spec: {controller: ingress.warren.dev/controller}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a-default}
spec:
  ingressClassName: warren
  defaultBackend: {service: {name: web, port: {number: 80}}}
  rules: [{host: a.example.com}, {host: b.example.com}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: b-guarded, annotations: {ingress.warren.dev/access-control: "{allowedIPs: [10.0.0.0/8]}"}}
spec:
  ingressClassName: warren
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
`
	c := converted(t, objectsOf(t, text))
	urls := []string{"http://a.example.com/", "http://b.example.com/"}
	if was, is := c.before.answersOf(t, urls...), c.after.answersOf(t, urls...); was[0] != 403 || was[1] == 403 || !slices.Equal(was, is) {
		t.Errorf("the answers were %v, and are %v", was, is)
	}
	if lost := c.lost(); len(lost) > 0 {
		t.Errorf("%q are lost", lost)
	}
	c.compare()
}

// guardedAndOpen makes an older Ingress that keeps clients out of a path, and a younger one, whose name goes first,
// that does not. Some requests are for both.
func guardedAndOpen(guarded, open string) string {
	const ingress = "---\napiVersion: ingress.warren.dev/v1alpha1\nkind: Ingress\nmetadata: {name: %s, creationTimestamp: %q}\n" +
		"spec: {rules: [{host: shop.example.com, paths: [{%s, backend: {serviceName: web, port: 80}%s}]}]}\n"
	return web + fmt.Sprintf(ingress, "zeta", "2020-01-01T00:00:00Z", guarded, ", accessControl: {allowedIPs: [10.0.0.0/8]}") +
		fmt.Sprintf(ingress, "alpha", "2021-01-01T00:00:00Z", open, "")
}

func TestWhatOnlyAgesPutInOrderStaysInOrder(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		guarded, open string
		question      explain.Question
	}{
		"expressions": {`path: "/x[0-9]+", pathType: RegularExpression`, `path: "/(x|y).*", pathType: RegularExpression`, explain.Question{URL: "http://shop.example.com/x1"}},
		"expressions with a method": {`path: "/x[0-9]+", pathType: RegularExpression, methods: [GET]`, `path: "/(x|y).*", pathType: RegularExpression, methods: [GET, POST]`,
			explain.Question{URL: "http://shop.example.com/x1"}},
		"header fields": {"path: /, match: {headers: [{name: X-A, value: a}]}", "path: /, match: {headers: [{name: X-B, value: b}]}",
			explain.Question{URL: "http://shop.example.com/", Headers: []string{"X-A: a", "X-B: b"}}},
		"parameters": {"path: /, match: {query: [{name: a, value: a}]}", "path: /, match: {query: [{name: b, value: b}]}",
			explain.Question{URL: "http://shop.example.com/?a=a&b=b"}},
		"methods": {"path: /, methods: [GET, PUT]", "path: /, methods: [GET, POST]", explain.Question{URL: "http://shop.example.com/"}},
	} {
		c := converted(t, objectsOf(t, guardedAndOpen(test.guarded, test.open)))
		was, err := c.before.proxy.Explainer().Explain(&test.question)
		if err != nil || was.Answer.Status != 403 {
			t.Fatalf("%s: today: %+v, %v", name, was, err)
		}
		if is, err := c.after.proxy.Explainer().Explain(&test.question); err != nil || is.Answer.Status != 403 {
			t.Errorf("%s: the answer is %+v, %v", name, is.Answer, err)
		}
		if lost := c.lost(); len(lost) > 0 {
			t.Errorf("%s: %q are lost", name, lost)
		}
	}
}

// manyExpressions makes an Ingress with expressions, each with what follows it in its path.
func manyExpressions(n int, then func(i int) string) string {
	text := web + "---\napiVersion: ingress.warren.dev/v1alpha1\nkind: Ingress\nmetadata: {name: shop}\nspec:\n  rules:\n  - host: shop.example.com\n    paths:\n"
	for i := range n {
		text += fmt.Sprintf("    - {path: \"/x%d-.*\", pathType: RegularExpression, backend: {serviceName: web, port: 80}%s}\n", i, then(i))
	}
	return text
}

func TestMoreExpressionsThanARouteHasRulesFor(t *testing.T) {
	t.Parallel()
	const expressions = 40
	urls := make([]string, 0, expressions)
	for i := range expressions {
		urls = append(urls, fmt.Sprintf("http://shop.example.com/x%d-", i))
	}
	guard := func(addresses int) string {
		return fmt.Sprintf(", accessControl: {allowedIPs: [10.%d.0.0/16]}", addresses)
	}

	// Those that do the same are matches of one rule.
	c := converted(t, objectsOf(t, manyExpressions(expressions, func(i int) string { return guard(i / 4) })))
	if lost := c.lost(); len(lost) > 0 {
		t.Errorf("%q are lost", lost)
	}
	if was, is := c.before.answersOf(t, urls...), c.after.answersOf(t, urls...); was[0] != 403 || !slices.Equal(was, is) {
		t.Errorf("the answers were %v, and are %v", was, is)
	}

	// Otherwise those are closed that there is no room for.
	c = converted(t, objectsOf(t, manyExpressions(expressions, guard)))
	lost := c.lost()
	if len(lost) != expressions-16 || !strings.HasPrefix(lost[0], "Ingress default/shop rules[0].paths[16]: ") || !strings.Contains(lost[0], "it answers 500") {
		t.Errorf("%d are lost: %q", len(lost), lost)
	}
	is := c.after.answersOf(t, urls...)
	if want := slices.Concat(slices.Repeat([]int{403}, 16), slices.Repeat([]int{500}, expressions-16)); !slices.Equal(is, want) {
		t.Errorf("the answers are %v", is)
	}
	for _, r := range c.result.Rules {
		if slices.ContainsFunc(lost, func(text string) bool { return strings.HasPrefix(text, r.Of+": ") }) {
			t.Errorf("%s is closed, and stands among those that were converted as they are", r.Of)
		}
	}
}

// TestNoObjectAmongTheFilesIsReplaced converts an Ingress beside objects of the names that the new ones would have.
func TestNoObjectAmongTheFilesIsReplaced(t *testing.T) {
	t.Parallel()
	const guarded = web + "---\napiVersion: ingress.warren.dev/v1alpha1\nkind: Ingress\nmetadata: {name: shop}\nspec: {rules: [{host: shop.example.com, paths: " +
		"[{path: /, backend: {serviceName: web, port: 80}, accessControl: {allowedIPs: [10.0.0.0/8]}}]}]}\n"
	const others = "---\napiVersion: ingress.warren.dev/v1alpha1\nkind: RoutePolicy\nmetadata: {name: shop}\nspec: {accessControl: {allowedIPs: [10.1.0.0/16]}}\n" +
		"---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: shop}\nspec: {parentRefs: [{name: other}]}\n"
	c := converted(t, objectsOf(t, guarded+others))
	if lost := c.lost(); len(lost) > 0 {
		t.Errorf("%q are lost", lost)
	}
	for _, object := range c.result.Objects {
		if object.GetName() == "shop" {
			t.Errorf("a %s would replace that of the files", object.GetObjectKind().GroupVersionKind().Kind)
		}
	}
	const gateway = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: web}\nspec: {gatewayClassName: other, listeners: [{name: a, port: 8080, protocol: HTTP}]}\n"
	if lost := converted(t, objectsOf(t, guarded+gateway)).lost(); len(lost) != 1 || !strings.Contains(lost[0], "write --gateway with another name") {
		t.Errorf("%q are lost", lost)
	}
}

func TestAConversionSaysHowItsPortsAreReached(t *testing.T) {
	t.Parallel()
	const text = "gatewayAPI.services.type"
	const ingress = web + "---\napiVersion: ingress.warren.dev/v1alpha1\nkind: Ingress\nmetadata: {name: shop}\nspec: {rules: [{paths: [{path: /, backend: {serviceName: web, port: 80}}]}]}\n"
	if got := runWith(ingress, "convert", "-"); got.code != 0 || strings.Count(got.err, text) != 1 || !strings.Contains(got.out, "# note: Gateways: ") {
		t.Errorf("%+v", got)
	}
	for name, got := range map[string]result{
		"other ports":  runWith(ingress, "convert", "-", "--http-port=8080", "--https-port=8444"),
		"no Ingresses": runWith(web, "convert", "-"),
	} {
		if got.code != 0 || got.err != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
