//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/issuer"
	"github.com/warren-dev/ingress/test/kubeapi"
)

const (
	wikiHost   = "wiki.example.com"
	issuerHost = "accounts.example.com"
	user       = "alice@example.com"
	password   = "correct horse"
	forged     = "mallory@example.com"
)

// recipe is what the page about oauth2-proxy says.
type recipe struct {
	// arguments are oauth2-proxy's.
	arguments []string
	// ingresses are the Ingresses, by their apiVersion.
	ingresses map[string][]string
}

// readRecipe reads docs/recipes/oauth2-proxy.md.
func readRecipe(t *testing.T) recipe {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(checkout, "docs", "recipes", "oauth2-proxy.md"))
	if err != nil {
		t.Fatal(err)
	}
	r := recipe{ingresses: make(map[string][]string)}
	for _, part := range strings.Split(string(text), "\n```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```")
		for object := range strings.SplitSeq(block, "\n---\n") {
			var read struct {
				APIVersion, Kind string
				Spec             struct {
					Template struct{ Spec corev1.PodSpec }
				}
			}
			if err := yaml.Unmarshal([]byte(object), &read); err != nil {
				t.Fatalf("%v:\n%s", err, object)
			}
			switch read.Kind {
			case "Deployment":
				r.arguments = read.Spec.Template.Spec.Containers[0].Args
			case "Ingress":
				r.ingresses[read.APIVersion] = append(r.ingresses[read.APIVersion], object)
			}
		}
	}
	return r
}

// signing is a wiki that people have to sign in for, as the recipe has it, and what its servers saw.
type signing struct {
	t   *testing.T
	tab *tab

	mu sync.Mutex // guards what follows
	// seen are the requests that the wiki got.
	seen []*http.Request
}

// wikiPage shows a person what the wiki was told of him.
var wikiPage = template.Must(template.New("wiki").Parse(`<!doctype html>
<title>Wiki {{.RequestURI}}</title>
<p>You are {{.Header.Get "X-Auth-Request-Email"}}.</p>
<a id="next" href="/next">next</a>
<a id="out" href="/oauth2/sign_out?rd=%2Fbye%3Fa%3Db">sign out</a>
`))

// serveSigning starts the wiki, oauth2-proxy, the issuer and, before all of them, the controller with the Ingresses
// of one apiVersion.
func serveSigning(t *testing.T, apiVersion string) *signing {
	t.Helper()
	s := &signing{t: t}
	r := readRecipe(t)
	if len(r.arguments) == 0 || len(r.ingresses[apiVersion]) == 0 {
		t.Fatalf("the recipe has %d arguments and no Ingress of %s", len(r.arguments), apiVersion)
	}
	wiki := httptest.NewServer(http.HandlerFunc(s.serveWiki))
	t.Cleanup(wiki.Close)
	accounts := issuer.New("")
	server := httptest.NewServer(accounts)
	t.Cleanup(server.Close)
	accounts.Name, accounts.Front = server.URL, "https://"+issuerHost
	accounts.Client, accounts.Secret, accounts.Users = "wiki", "client-secret", map[string]string{user: password}
	oauth2Proxy := s.startOAuth2Proxy(r.arguments, server.URL)

	certificate, key := issue(t)
	objects := append(slices.Clone(r.ingresses[apiVersion]), marshal(t, &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Name: "wiki-tls"}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: []byte(certificate.Chain), corev1.TLSPrivateKeyKey: []byte(certificate.Key)},
	}), fmt.Sprintf(`apiVersion: ingress.warren.dev/v1alpha1
kind: Ingress
metadata: {name: accounts}
spec: {rules: [{host: %s, paths: [{path: /, backend: {serviceName: accounts, port: 80}}]}]}
`, issuerHost))
	for _, behind := range []struct {
		service string
		port    int
		address string
	}{{"wiki", 80, wiki.Listener.Addr().String()}, {"oauth2-proxy", 4180, oauth2Proxy}, {"accounts", 80, server.Listener.Addr().String()}} {
		objects = append(objects, fmt.Sprintf(`apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: %[1]s}
spec: {serviceName: %[1]s, address: 127.0.0.1, ports: [{port: %d, targetPort: %s}]}
`, behind.service, behind.port, strings.TrimPrefix(behind.address, "127.0.0.1:")))
	}
	https := s.startController(strings.Join(objects, "\n---\n"))
	s.tab = open(t, "MAP *.example.com "+https+", MAP * ~NOTFOUND", key)
	return s
}

// startOAuth2Proxy starts oauth2-proxy with the arguments of the page, but for those that say where others are. It
// returns where it listens.
func (s *signing) startOAuth2Proxy(arguments []string, issuerURL string) (address string) {
	s.t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		s.t.Fatal(err)
	}
	program := filepath.Join(checkout, "bin", "oauth2-proxy")
	if _, err := os.Stat(program); err != nil {
		s.t.Fatalf(`%v: run "make oauth2-proxy"`, err)
	}
	address = fixture.FreeAddress(s.t)
	for _, own := range []string{
		"--http-address=" + address, "--oidc-issuer-url=" + issuerURL, "--client-secret=client-secret", "--cookie-secret=" + strings.Repeat("cookie", 4) + "12345678",
	} {
		name, _, _ := strings.Cut(own, "=")
		arguments = append(slices.DeleteFunc(slices.Clone(arguments), func(a string) bool { return strings.HasPrefix(a, name+"=") }), own)
	}
	start(s.t, program, arguments...)
	eventually(s.t, "oauth2-proxy", func() error { return asks("http://" + address + "/ping") })
	return address
}

// startController starts the controller with these objects. It returns where it serves HTTPS.
func (s *signing) startController(objects string) (https string) {
	s.t.Helper()
	program, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.t.TempDir(), "wiki.yaml")
	if err := os.WriteFile(file, []byte(objects), 0o600); err != nil {
		s.t.Fatal(err)
	}
	https = fixture.FreeAddress(s.t)
	health := fixture.FreeAddress(s.t)
	start(s.t, program, "serve", "-f", file, "--allow-local-tasks", "--nginx-class=nginx", "--default-certificate=default/wiki-tls",
		"--http-address="+fixture.FreeAddress(s.t), "--https-address="+https, "--health-address="+health,
		"--metrics-address="+fixture.FreeAddress(s.t), "--admin-address="+fixture.FreeAddress(s.t), "--drain-delay=0s", "--access-log=json")
	eventually(s.t, "the controller", func() error { return asks("http://" + health + "/readyz") })
	return https
}

// asks returns an error unless a URL is answered with 200.
func asks(url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is answered with %s", url, response.Status)
	}
	return nil
}

func (s *signing) serveWiki(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	if r.URL.Path == "/favicon.ico" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = wikiPage.Execute(w, r) // the browser shows what is missing
}

// told returns what the wiki was told of who asks, for each request that came to it.
func (s *signing) told() (all []map[string][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.seen {
		told := make(map[string][]string)
		for name, values := range r.Header {
			lower := strings.ReplaceAll(strings.ToLower(name), "_", "-")
			if strings.HasPrefix(lower, "x-auth-request-") || lower == "remote-user" {
				told[name] = values
			}
		}
		all = append(all, told)
	}
	return all
}

func marshal(t *testing.T, object any) string {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
