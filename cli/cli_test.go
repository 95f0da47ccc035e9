// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/proxy/explain"
)

const shop = `# an example
apiVersion: ingress.warren.dev/v1alpha1
kind: Ingress
metadata: {name: shop, namespace: default}
spec:
  rules:
  - host: shop.example.com
    paths:
    - path: /api
      backend: {serviceName: api, port: 8080}
      accessControl: {allowedIPs: [10.0.0.0/8]}
      rewrite: {stripPrefix: /api}
    - path: /
      backend: {serviceName: web, port: 80}
---
apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: api-1}
spec: {serviceName: api, address: 10.1.2.3}
`

// result is what a run of a command left behind.
type result struct {
	code     int
	out, err string
}

func runWith(stdin string, args ...string) result {
	var out, err bytes.Buffer
	code := Run(context.Background(), args, Streams{In: strings.NewReader(stdin), Out: &out, Err: &err})
	return result{code, out.String(), err.String()}
}

func TestExplainCompilesManifestsWithoutACluster(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"shop.yaml": shop,
		"below/standard.json": `{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
			"metadata": {"name": "blog"}, "spec": {"ingressClassName": "warren", "rules": [{"host": "blog.example.com", "http": {"paths": [
			{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "blog", "port": {"number": 80}}}}]}}]}}]}`,
		"README.md": "no manifest",
	} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		url, client, reason, ingress, path string
	}{
		{"https://shop.example.com/api/cart", "10.0.0.7", "", "default/shop", "/cart"},
		{"http://shop.example.com/api/cart", "192.0.2.1", "AccessDenied", "default/shop", ""},
		{"http://shop.example.com/apis", "10.0.0.7", "NoHealthyTask", "default/shop", "/apis"},
		{"http://blog.example.com/x", "10.0.0.7", "NoHealthyTask", "networking.k8s.io/default/blog", "/x"},
		{"http://other.example.com/", "10.0.0.7", "RouteNotFound", "", ""},
	} {
		got := runWith("", "explain", "-o", "json", test.url, "-f", folder, "--client="+test.client)
		var e explain.Explanation
		if err := json.Unmarshal([]byte(got.out), &e); err != nil || got.code != 0 {
			t.Fatalf("%s: %v in %+v", test.url, err, got)
		}
		ingress, path := "", ""
		for _, c := range e.Candidates {
			if c.Wins {
				ingress = c.Ingress
			}
		}
		if e.Upstream != nil {
			path = e.Upstream.Path
		}
		if diff := cmp.Diff([]string{test.reason, test.ingress, test.path}, []string{e.Answer.Reason, ingress, path}); diff != "" {
			t.Errorf("%s: reason, Ingress and path (-want +got):\n%s", test.url, diff)
		}
	}
}

func TestExplainReadsStandardInputAndWritesForPeople(t *testing.T) {
	t.Parallel()
	got := runWith(shop+"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n", "explain", "http://shop.example.com/api/cart", "-f", "-", "--header", "X-Forwarded-For: 10.9.9.9", "--trusted-proxies=192.0.2.0/24")
	for _, want := range []string{"10.9.9.9, as the trusted proxy 192.0.2.1 says", "-> shop.example.com", "GET /cart", "task/default/api-1", "answer  the service's"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("there is no %q in:\n%s", want, got.out)
		}
	}
	for _, want := range []string{"nothing is made of apps/v1 Deployment", "warning: Ingress default/shop: ResolvedRefs=False ServiceNotFound: web:80"} {
		if !strings.Contains(got.err, want) {
			t.Errorf("there is no %q in:\n%s", want, got.err)
		}
	}
}

func TestExplainOfManifestsKeepsToTheHostsThatNamespacesAreAllowed(t *testing.T) {
	t.Parallel()
	namespace := func(hosts string) string {
		return "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: default, annotations: {ingress.warren.dev/allowed-hosts: '" + hosts + "'}}\n"
	}
	const refused = "warning: Ingress default/shop: Accepted=False HostNotAllowed: "
	for _, test := range []struct {
		name, manifests string
		arguments       []string
		refused         bool
	}{
		{"no Namespace", shop, nil, false},
		{"a Namespace that is required", shop, []string{"--require-allowed-hosts"}, true},
		{"an allowed host", shop + namespace("*.example.com"), []string{"--require-allowed-hosts"}, false},
		{"another one", shop + namespace("blog.example.com"), nil, true},
	} {
		got := runWith(test.manifests, append([]string{"explain", "http://shop.example.com/", "-f", "-", "--client=10.0.0.1"}, test.arguments...)...)
		if strings.Contains(got.err, refused) != test.refused || strings.Contains(got.out, "404 RouteNotFound") != test.refused {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

func TestExplainOfManifestsKeepsToTheNetworksOfTasks(t *testing.T) {
	t.Parallel()
	const refused = "warning: Task default/api-1: Accepted=False "
	for networks, want := range map[string]bool{
		"": true, "10.1.0.0/16": true, "192.0.2.0/24, 10.1.2.3": true, "192.0.2.0/24": false, "10.1.2.4,10.1.2.5": false,
	} {
		got := runWith(shop, "explain", "http://shop.example.com/api/cart", "-f", "-", "--client=10.0.0.1", "--task-networks="+networks)
		if strings.Contains(got.err, refused) == want || strings.Contains(got.out, "task/default/api-1") != want {
			t.Errorf("%q: %+v, want the Task to be used: %t", networks, got, want)
		}
	}
}

func TestExplainRefusesManifestsThatAreWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, manifest, want string }{
		{"a field that there is not", strings.Replace(shop, "serviceName: web", "servceName: web", 1), `document 1: Ingress: strict decoding error: unknown field "spec.rules[0].paths[1].backend.servceName"`},
		{"a field twice", strings.Replace(shop, "- path: /\n", "- path: /\n      path: /x\n", 1), `key "path" already set`},
		{"no object", shop + "---\nname: x\n", "document 3: it is no Kubernetes object"},
		{"no YAML", "a: [", "document 1"},
	} {
		got := runWith(test.manifest, "explain", "http://shop.example.com/", "-f", "-")
		if got.code != exitFailure || got.out != "" || !strings.Contains(got.err, test.want) || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%s: %+v, want a line with %q", test.name, got, test.want)
		}
	}
	if got := runWith("", "explain", "http://a/", "-f", filepath.Join(t.TempDir(), "none")); got.code != exitFailure || !strings.Contains(got.err, "no such file") {
		t.Errorf("a file that is not there: %+v", got)
	}
}

func TestMisuseIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"write one URL":             {"explain"},
		"write one URL, such":       {"explain", "http://a/", "http://b/"},
		"-o is":                     {"explain", "http://a/", "-o", "xml"},
		"-unknown":                  {"explain", "--unknown"},
		"--trusted-proxies: \"x\"":  {"explain", "http://a/", "-f", "-", "--trusted-proxies", "x"},
		"neither an address":        {"explain", "http://a/", "-f", "-", "--task-networks", "10.0.0.0/8,10.0.0"},
		"write an address":          {"explain", "http://a/", "-f", "-", "--client", "me"},
		"is no URL":                 {"explain", "shop", "-f", "-"},
		`there is no list of "all"`: {"ls", "all"},
		`"certs" is too much`:       {"ls", "tasks", "certs"},
		"no command":                {"serve"},
		"give HOST NAMESPACE":       {"hosts", "take", "shop.example.com"},
		"is no namespace":           {"hosts", "give", "shop.example.com", "A/b"},
		"is no host":                {"hosts", "release", "https://shop.example.com/"},
	} {
		got := runWith("", args...)
		if got.code != exitMisuse || got.out != "" || !strings.Contains(got.err, want) || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%q: %+v, want a line with %q", args, got, want)
		}
	}
	for _, command := range Names() {
		if got := runWith("", command, "-help"); got.code != 0 || !strings.Contains(got.out, "warren-ingress "+command) || !strings.Contains(got.out, "-admin-address") {
			t.Errorf("%s -help: %+v", command, got)
		}
	}
}

func TestCommandsAskTheAdminAddress(t *testing.T) {
	t.Parallel()
	replica := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("url") {
		case "refused":
			http.Error(w, "that is no URL", http.StatusBadRequest)
		case "broken":
			http.Error(w, "broken", http.StatusInternalServerError)
		default:
			_, _ = w.Write([]byte(r.URL.String()))
		}
	}))
	t.Cleanup(replica.Close)
	address := strings.TrimPrefix(replica.URL, "http://")
	for _, test := range []struct {
		args []string
		path string
		want url.Values
	}{
		{[]string{"ls"}, "/routes", url.Values{}},
		{[]string{"ls", "certs"}, "/certificates", url.Values{}},
		{[]string{"ls", "tasks", "-o", "json"}, "/tasks", url.Values{"output": {"json"}}},
		{[]string{"explain", "http://a/?b&c", "--header", "A: b", "--header=C: d", "--client", "::1", "--method", "PUT"}, "/explain", url.Values{
			"url": {"http://a/?b&c"}, "header": {"A: b", "C: d"}, "client": {"::1"}, "method": {"PUT"},
		}},
	} {
		got := runWith("", append(test.args, "--admin-address="+address)...)
		asked, err := url.Parse(got.out)
		if err != nil || got.code != 0 {
			t.Fatalf("%q: %v in %+v", test.args, err, got)
		}
		if diff := cmp.Diff(test.want, asked.Query()); diff != "" || asked.Path != test.path {
			t.Errorf("%q asks for %s (-want +got):\n%s", test.args, asked.Path, diff)
		}
	}
	for target, want := range map[string]result{"refused": {exitMisuse, "", "that is no URL"}, "broken": {exitFailure, "", "500"}} {
		if got := runWith("", "explain", target, "--admin-address", address); got.code != want.code || !strings.Contains(got.err, want.err) || got.out != "" {
			t.Errorf("%s: %+v, want %+v", target, got, want)
		}
	}
	replica.Close()
	if got := runWith("", "ls", "--admin-address", address); got.code != exitFailure || !strings.Contains(got.err, "--admin-address names another one") {
		t.Errorf("nobody listens: %+v", got)
	}
}

func TestPluginHasAReplicaRunTheCommand(t *testing.T) {
	t.Parallel()
	p := plugin{namespace: "infra", deployment: "edge"}
	want := []string{"exec", "--namespace", "infra", "deployment/edge", "--", "/warren-ingress", "ls", "certs"}
	if diff := cmp.Diff(want, p.arguments([]string{"ls", "certs"})); diff != "" {
		t.Errorf("kubectl's arguments (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		command []string
		local   bool
	}{
		{[]string{"explain", "http://a/", "-f", "x.yaml"}, true}, {[]string{"explain", "http://a/", "--f=x.yaml"}, true}, {[]string{"ls", "-help"}, true},
		{[]string{"explain", "http://a/"}, false}, {[]string{"ls", "certs"}, false},
	} {
		if got := isLocal(test.command); got != test.local {
			t.Errorf("%q is run here: %v, want %v", test.command, got, test.local)
		}
	}
	if !IsPlugin("/usr/local/bin/kubectl-warren") || IsPlugin("/usr/local/bin/warren-ingress") {
		t.Error("the program does not know by its name whether it is the plugin")
	}
	var out, err bytes.Buffer
	if code := RunPlugin(t.Context(), nil, Streams{Out: &out, Err: &err}); code != 0 || !strings.Contains(out.String(), "kubectl warren") {
		t.Errorf("without arguments: %d %q %q, want how it is used", code, out.String(), err.String())
	}
	if code := RunPlugin(t.Context(), []string{"serve"}, Streams{Out: &out, Err: &err}); code != exitMisuse {
		t.Errorf("with a command that there is not: %d, want %d", code, exitMisuse)
	}
}

func TestAHostIsMovedByKubectl(t *testing.T) {
	t.Parallel()
	f := hostsFlags{namespace: "infra", class: "edge"}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		words       []string
		host, patch string
	}{
		{[]string{"release", "shop.example.com"}, "shop.example.com", `[{"op":"remove","path":"/data/shop.example.com"}]`},
		{[]string{"release", "*.example.com"}, "*.example.com", `[{"op":"remove","path":"/data/_.example.com"}]`},
		{[]string{"give", "", "blue"}, "", `[{"op":"replace","path":"/data/_","value":"{\"namespace\":\"blue\",\"since\":\"2026-01-02T03:04:05Z\"}"}]`},
	} {
		got, err := f.patch(test.words, now)
		if err != nil {
			t.Fatal(err)
		}
		configMap, _, _ := hosts.ClaimAt("edge", test.host)
		want := []string{"patch", "configmap", configMap, "--namespace", "infra", "--type=json", "--patch", test.patch}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: kubectl's arguments (-want +got):\n%s", test.words, diff)
		}
	}
	for command, moves := range map[string]bool{"hosts": false, "hosts -o json": false, "hosts release a": true, "hosts give a b": true, "ls release": false} {
		if got := movesHost(strings.Fields(command)); got != moves {
			t.Errorf("%q is kubectl's: %v, want %v", command, got, moves)
		}
	}
}
