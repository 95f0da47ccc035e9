// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/test/fixture"
)

// scene is a folder, a data plane that serves what is in it, and a backend.
type scene struct {
	t               *testing.T
	folder, address string
	printed         output
	proxy           *proxy.Proxy
	server          *Server
	hosts           *hosts.Hosts
	backend         *httptest.Server
	port            int
	unhealthy       atomic.Bool
}

// newScene starts a backend. Nothing is served yet.
func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, folder: t.TempDir(), hosts: hosts.New()}
	s.backend = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" && s.unhealthy.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, "the backend")
	}))
	t.Cleanup(s.backend.Close)
	s.port = s.backend.Listener.Addr().(*net.TCPAddr).Port
	return s
}

// write writes a file whole, as tools do that care.
func (s *scene) write(name, text string) {
	s.t.Helper()
	temporary := filepath.Join(s.folder, name+".new")
	if err := os.WriteFile(temporary, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(s.folder, name)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.folder, name)); err != nil {
		s.t.Fatal(err)
	}
}

// serve serves the folder until the test ends.
func (s *scene) serve() {
	s.t.Helper()
	s.proxy, s.address = fixture.StartProxy(s.t)
	var err error
	if s.server, err = New(s.config()); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.server.Run(ctx); err != nil {
			s.t.Error(err)
		}
	})
	s.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func (s *scene) config() Config {
	if s.proxy == nil {
		s.proxy = proxy.New(proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128})
	}
	return Config{
		Files: []string{s.folder}, Applier: s.proxy, Health: s.proxy, Listening: s.proxy, Hosts: s.hosts, Bystanders: new(sources.Bystanders),
		Options:    translate.Options{IngressClass: "warren", AllowLocalTasks: true},
		Gateways:   gatewayapi.Options{Controller: gatewayapi.DefaultController, Addresses: []netip.Addr{netip.MustParseAddr("127.11.0.1")}},
		Conditions: &s.printed, Logger: logr.Discard(),
	}
}

// get returns the answer to a request: its status and reason, or the status and the content.
func (s *scene) get(host, path string) string {
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.address+path, http.NoBody)
	if err != nil {
		return err.Error()
	}
	request.Host = host
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", response.StatusCode, content)
}

// eventually waits until found returns a text with want in it.
func (s *scene) eventually(want string, found func() string) {
	s.t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		got := found()
		if strings.Contains(got, want) {
			return
		}
		if time.Since(began) > fixture.Patience {
			s.t.Fatalf("there is %q, want %q in it", got, want)
		}
	}
}

func (s *scene) answers(host, path, want string) {
	s.t.Helper()
	s.eventually(want, func() string { return s.get(host, path) })
}

func (s *scene) prints(want string) {
	s.t.Helper()
	s.eventually(want, s.printed.String)
}

// output is what was printed.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

const header = "---\napiVersion: ingress.warren.dev/v1alpha1\n"

// ingress is an Ingress with a path that leads to a service of its name.
func ingress(name, host, more string) string {
	return header + "kind: Ingress\nmetadata: {name: " + name + "}\nspec:\n  rules: [{host: " + host + ", paths: [{path: /, backend: {serviceName: " + name +
		", port: 80}" + more + "}]}]\n"
}

// task is a Task of the backend.
func (s *scene) task(service, more string) string {
	return header + fmt.Sprintf("kind: Task\nmetadata: {name: %s-1}\nspec: {serviceName: %[1]s, address: 127.0.0.1, ports: [{port: 80, targetPort: %d}]%s}\n", service, s.port, more)
}

func TestFilesAreServedAndFollowed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write("shop.yaml", ingress("shop", "shop.example.com", "")+s.task("shop", ""))
	s.serve()
	s.answers("shop.example.com", "/", "200 the backend")
	s.prints("Ingress default/shop: Ready=True Served: ")
	s.prints("Task default/shop-1: Ready=True NoHealthCheck: ")

	s.write("blog.yaml", ingress("blog", "blog.example.com", "")+s.task("blog", ""))
	s.answers("blog.example.com", "/", "200 the backend")
	s.write("shop.yaml", ingress("shop", "shop.example.com", ", accessControl: {deniedIPs: [0.0.0.0/0]}")+s.task("shop", ""))
	s.answers("shop.example.com", "/", "403 AccessDenied")
	s.remove("shop.yaml")
	s.answers("shop.example.com", "/", "404 RouteNotFound")
	s.prints("Ingress default/shop: gone\n")
	s.answers("blog.example.com", "/", "200 the backend")
}

func TestWhatIsBrokenStaysAsItWas(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write("shop.yaml", ingress("shop", "shop.example.com", "")+s.task("shop", ""))
	s.write("blog.yaml", ingress("blog", "blog.example.com", "")+s.task("blog", ""))
	s.serve()
	s.answers("shop.example.com", "/", "200 the backend")

	// The Ingress of the shop cannot be read any more. The Task of the blog may be meant to be where it cannot be read.
	s.write("shop.yaml", strings.Replace(ingress("shop", "shop.example.com", ""), "rules:", "ruels:", 1)+s.task("shop", ""))
	s.write("blog.yaml", ingress("blog", "news.example.com", ""))
	s.answers("news.example.com", "/", "200 the backend")
	s.answers("blog.example.com", "/", "404 RouteNotFound")
	if got := s.get("shop.example.com", "/"); got != "200 the backend" {
		t.Errorf("what is broken gets %q", got)
	}
	want := filepath.Join(s.folder, "shop.yaml") + `, document 1, line 6: Ingress: strict decoding error: unknown field "spec.ruels"`
	if got := s.server.Trouble(); got != want {
		t.Errorf("the trouble is %q, want %q", got, want)
	}

	s.write("shop.yaml", ingress("shop", "store.example.com", "")+s.task("shop", ""))
	s.answers("store.example.com", "/", "200 the backend")
	s.answers("news.example.com", "/", "503 NoHealthyTask")
	if got := s.server.Trouble(); got != "" {
		t.Errorf("the trouble is %q after it was mended", got)
	}
}

func TestNothingIsServedOfFilesThatAreBrokenFromTheBeginning(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write("shop.yaml", ingress("shop", "shop.example.com", ""))
	s.write("web.yaml", strings.Replace(ingress("web", "web.example.com", ""), "rules:", "ruels:", 1))
	_, err := New(s.config())
	if err == nil || !strings.Contains(err.Error(), "web.yaml, document 1, line 6: ") {
		t.Errorf("the error is %v", err)
	}
	config := s.config()
	config.Files = []string{filepath.Join(s.folder, "none")}
	if _, err := New(config); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("the error of a folder that is not there is %v", err)
	}
}

func TestTasksAreProbed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const check = ", healthCheck: {path: /health, interval: 1s, unhealthyThreshold: 1}"
	s.write("shop.yaml", ingress("shop", "shop.example.com", "")+s.task("shop", check))
	s.unhealthy.Store(true)
	s.serve()
	s.prints("Task default/shop-1: Ready=False ProbeFailed: ")
	s.answers("shop.example.com", "/", "503 NoHealthyTask")
	s.unhealthy.Store(false)
	s.prints("Task default/shop-1: Ready=True ProbeSucceeded: ")
	s.answers("shop.example.com", "/", "200 the backend")
}

func TestServicesAndStandardIngressesAreServed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write("shop.yaml", fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop, annotations: {nginx.ingress.kubernetes.io/proxy-buffering: "on"}}
spec:
  ingressClassName: warren
  rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: other, namespace: shop}
spec: {ingressClassName: nginx, rules: [{host: other.example.com}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: %d}]
endpoints: [{addresses: [127.0.0.1]}]
`, s.port))
	s.serve()
	s.answers("shop.example.com", "/", "200 the backend")
	s.prints("Ingress.networking.k8s.io shop/shop: Ready=True Served: ")
	s.prints("Ingress.networking.k8s.io shop/shop: AnnotationsIgnored: ")
	s.prints("Ingress.networking.k8s.io shop/other: OtherClass: ")
	listed := httptest.NewRecorder()
	s.hosts.ServeHTTP(listed, httptest.NewRequest(http.MethodGet, "/hosts", nil))
	if !strings.Contains(listed.Body.String(), "shop.example.com  shop ") {
		t.Errorf("the hosts are %s", listed.Body)
	}
}

// A slip in a file takes no host down, as a slip with kubectl takes none.
func TestASecretThatIsSpoiledGoesOnBeingServed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	pair := fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "shop.example.com")
	secret := func(chain []byte) string {
		return fmt.Sprintf("apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {name: shop}\ndata: {tls.crt: %s, tls.key: %s}\n",
			base64.StdEncoding.EncodeToString(chain), base64.StdEncoding.EncodeToString(pair.Key))
	}
	s.write("shop.yaml", strings.TrimSuffix(ingress("shop", "shop.example.com", ""), "\n")+"\n  tls: {secretName: shop}\n")
	s.write("secret.yaml", secret(pair.Chain))
	s.serve()
	s.prints("Ingress default/shop: Ready=False ServiceNotFound: ")
	if strings.Contains(s.printed.String(), "CertificateReady") {
		t.Errorf("the certificate is not served:\n%s", s.printed.String())
	}
	s.write("secret.yaml", secret(pair.Chain[:100]))
	s.prints("Ready=False SecretInvalid: ")
	listed := httptest.NewRecorder()
	s.proxy.Explainer().CertificatesHandler().ServeHTTP(listed, httptest.NewRequest(http.MethodGet, "/certificates", nil))
	if !strings.Contains(listed.Body.String(), "shop.example.com") {
		t.Errorf("the certificates are %s", listed.Body)
	}
}

func TestWhatNeedsAnAPIIsSaid(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write("shop.yaml", strings.TrimSuffix(ingress("shop", "shop.example.com", ""), "\n")+"\n  tls: {autoSSL: true}\n"+
		header+"kind: TLSCertificate\nmetadata: {name: cert}\nspec: {hosts: [shop.example.com], secretName: cert}\n")
	s.serve()
	s.prints("Ingress default/shop: Ready=False OrderingOff: no certificate is ordered without a Kubernetes API")
	s.prints("TLSCertificate default/cert: Issuing=False OrderingOff: no certificate is ordered without a Kubernetes API")
}

func TestGatewaysAreServedAndTheirConditionsPrinted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const group = "---\napiVersion: gateway.networking.k8s.io/v1\n"
	route := func(host string) string {
		return group + "kind: HTTPRoute\nmetadata: {name: shop}\nspec:\n  parentRefs: [{name: web}]\n  hostnames: [" + host +
			"]\n  rules: [{backendRefs: [{name: shop, port: 80}]}]\n"
	}
	taken, err := net.Listen("tcp", "127.11.0.1:20082")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	s.write("gateway.yaml", group+"kind: Gateway\nmetadata: {name: web}\nspec:\n  gatewayClassName: warren\n  listeners:\n"+
		"  - {name: http, port: 20081, protocol: HTTP, hostname: '*.example.com'}\n  - {name: taken, port: 20082, protocol: HTTP, hostname: '*.example.com'}\n")
	s.write("shop.yaml", route("shop.example.com")+s.task("shop", ""))
	s.serve()
	s.prints("Gateway default/web: Programmed=True Programmed: ")
	s.prints("Gateway default/web: listener http: Programmed=True Programmed: ")
	s.prints("Gateway default/web: listener taken: Programmed=False PortUnavailable: the data plane cannot open port 20082 (address already in use)")
	s.prints("HTTPRoute default/shop: parent web: Accepted=True Accepted: ")
	s.address = "127.11.0.1:20081"
	s.answers("shop.example.com", "/", "200 the backend")
	s.write("shop.yaml", route("shop.example.org")+s.task("shop", ""))
	s.prints("HTTPRoute default/shop: parent web: Accepted=False NoMatchingListenerHostname: ")
	s.write("shop.yaml", route("shop.example.com"))
	s.prints("HTTPRoute default/shop: parent web: ResolvedRefs=False BackendNotFound: ")
	_ = taken.Close()
	s.prints("Gateway default/web: listener taken: Programmed=True Programmed: ")
	s.remove("gateway.yaml")
	s.prints("Gateway default/web: gone\n")
}
