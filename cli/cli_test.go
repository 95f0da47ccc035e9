// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/warren-dev/ingress/proxy/explanation"
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
	root := New("v1.2.3", serving(&out), Streams{In: strings.NewReader(stdin), Out: &out, Err: &err})
	code := Run(context.Background(), root, args)
	return result{code, out.String(), err.String()}
}

// serving is a command that says what it was called with, in place of the one that serves.
func serving(out io.Writer) *cobra.Command {
	c := &cobra.Command{}
	address := c.Flags().String("http-address", "", "")
	elects := c.Flags().Bool("leader-elect", true, "")
	c.RunE = func(_ *cobra.Command, args []string) error {
		_, err := fmt.Fprintf(out, "serving %s %v %q\n", *address, *elects, args)
		return err
	}
	return c
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
		{"blog.example.com/x", "10.0.0.7", "NoHealthyTask", "networking.k8s.io/default/blog", "/x"},
		{"http://other.example.com/", "10.0.0.7", "RouteNotFound", "", ""},
	} {
		got := runWith("", "explain", "-o", "json", test.url, "-f", folder, "--client="+test.client)
		var e explanation.Explanation
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
		{"a field that there is not", strings.Replace(shop, "serviceName: web", "servceName: web", 1), `Ingress: strict decoding error: unknown field "spec.rules[0].paths[1].backend.servceName"`},
		{"a field twice", strings.Replace(shop, "- path: /\n", "- path: /\n      path: /x\n", 1), `key "path" already set`},
		{"no object", shop + "---\nname: x\n", ": it is no Kubernetes object"},
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
		"write one URL":                     {"explain"},
		"write one URL, such":               {"explain", "http://a/", "http://b/"},
		"leave one of them out":             {"explain", "http://a/", "-f", "-", "--ask"},
		`"xml" for "-o, --output"`:          {"explain", "http://a/", "-o", "xml"},
		"--unknown":                         {"explain", "--unknown"},
		"--trusted-proxies: \"x\"":          {"explain", "http://a/", "-f", "-", "--trusted-proxies", "x"},
		"neither an address":                {"explain", "http://a/", "-f", "-", "--task-networks", "10.0.0.0/8,10.0.0"},
		"write an address":                  {"explain", "http://a/", "-f", "-", "--client", "me"},
		"is no URL":                         {"explain", "ftp://shop/", "-f", "-"},
		`there is no list of "all"`:         {"ls", "all"},
		"write one of routes, certs, tasks": {"ls", "tasks", "certs"},
		`has the state "up"`:                {"ls", "--state", "up"},
		"tasks are for no host":             {"ls", "tasks", "--host", "a"},
		"write auto, always or never":       {"ls", "--color", "blue"},
		`no command "serv": did you mean`:   {"serv"},
		"write at least one folder":         {"check"},
		"write give HOST NAMESPACE":         {"hosts", "give", "shop.example.com"},
		"give HOST NAMESPACE":               {"hosts", "take", "shop.example.com"},
		"is no namespace":                   {"hosts", "give", "shop.example.com", "A/b"},
		"is no host":                        {"hosts", "release", "https://shop.example.com/"},
		"unknown flag: --http-adresse":      {"-http-adresse=:80"},
		`invalid argument "maybe" for`:      {"--leader-elect=maybe"},
	} {
		got := runWith("", args...)
		if got.code != exitMisuse || got.out != "" || !strings.Contains(got.err, want) || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, "--help describes") {
			t.Errorf("%q: %+v, want a line with %q", args, got, want)
		}
	}
}

func TestHelpIsThereForEachCommand(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "Available Commands"}, {[]string{"-h"}, "Available Commands"}, {[]string{"-help"}, "Available Commands"}, {[]string{"help"}, "Available Commands"},
		{[]string{"explain", "-help"}, "--admin-address"}, {[]string{"ls", "--help"}, "--admin-address"}, {[]string{"hosts", "-h"}, "--admin-address"},
		{[]string{"help", "hosts", "release"}, "release HOST"}, {[]string{"check", "-h"}, "contested"}, {[]string{"serve", "-h"}, "--leader-elect"},
		{[]string{"--http-address=:80", "-help"}, "--leader-elect"}, {[]string{"completion", "bash"}, "complete -o"}, {[]string{"completion", "fish"}, "warren-ingress"},
	} {
		if got := runWith("", test.args...); got.code != 0 || !strings.Contains(got.out, test.want) || strings.Contains(got.out, "serving :") {
			t.Errorf("%q: %+v, want help with %q", test.args, got, test.want)
		}
	}
}

func TestFlagsWithoutACommandServe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--http-address=:80"}, "serving :80 true []\n"},
		{[]string{"-http-address=:80", "-leader-elect=false"}, "serving :80 false []\n"},
		{[]string{"--http-address", ":80"}, "serving :80 true []\n"},
		{[]string{"-http-address", "-80"}, "serving -80 true []\n"},
		{[]string{"serve"}, "serving  true []\n"},
		{[]string{"serve", "-http-address=:80"}, "serving :80 true []\n"},
	} {
		if got := runWith("", test.args...); got.code != 0 || got.out != test.want {
			t.Errorf("%q: %+v, want %q", test.args, got, test.want)
		}
	}
}

func TestFlagsAreSpelledAsUsersOfPackageFlagAndOfCurlDo(t *testing.T) {
	t.Parallel()
	root := New("", serving(io.Discard), Streams{})
	for _, test := range []struct{ from, want string }{
		{"explain http://a/ -client 10.0.0.1 -method=PUT", "explain http://a/ --client 10.0.0.1 --method=PUT"},
		{"explain http://a/ --f=x.yaml --o json", "explain http://a/ -f=x.yaml -o json"},
		{"explain a -XPOST -Hx:y -ojson -f -", "explain a -XPOST -Hx:y -ojson -f -"},
		{"explain a -header -client:1 -f -", "explain a --header -client:1 -f -"},
		{"ls -w -watch -state up", "ls -w --watch --state up"},
		{"hosts give a b -- -client", "hosts give a b -- -client"},
		{"-leader-elect -http-address :80", "serve --leader-elect --http-address :80"},
		{"__complete explain -cli", "__complete explain -cli"},
	} {
		if diff := cmp.Diff(strings.Fields(test.want), arguments(root, strings.Fields(test.from))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.from, diff)
		}
	}
}

func TestCommandsAskTheAdminAddress(t *testing.T) {
	t.Parallel()
	var asked []string
	replica := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		switch r.URL.Query().Get("url") {
		case "http://refused":
			http.Error(w, "that is no URL", http.StatusBadRequest)
		case "http://broken":
			http.Error(w, "broken", http.StatusInternalServerError)
		case "":
			_, _ = io.WriteString(w, "[]")
		default:
			_, _ = io.WriteString(w, "{}")
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
		{[]string{"ls", "tasks", "-o", "json"}, "/tasks", url.Values{}},
		{[]string{"ls", "refused"}, "/refused", url.Values{}},
		{[]string{"explain", "http://a/?b&c", "--header", "A: b", "-H=C: d", "--client", "::1", "-X", "PUT"}, "/explain", url.Values{
			"url": {"http://a/?b&c"}, "header": {"A: b", "C: d"}, "client": {"::1"}, "method": {"PUT"},
		}},
		{[]string{"explain", "a.example.com/x?u=http://b"}, "/explain", url.Values{"url": {"http://a.example.com/x?u=http://b"}, "method": {"GET"}}},
	} {
		asked = nil
		if got := runWith("", append(test.args, "--admin-address="+address)...); got.code != 0 || len(asked) != 1 {
			t.Fatalf("%q: %+v after %q", test.args, got, asked)
		}
		at, err := url.Parse(asked[0])
		if err != nil {
			t.Fatal(err)
		}
		test.want.Set("output", "json")
		if diff := cmp.Diff(test.want, at.Query()); diff != "" || at.Path != test.path {
			t.Errorf("%q asks for %s (-want +got):\n%s", test.args, at.Path, diff)
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

func TestVersionSaysWhatItIs(t *testing.T) {
	t.Parallel()
	if got := runWith("", "version"); got.out != "warren-ingress v1.2.3\n" || got.code != 0 {
		t.Errorf("%+v", got)
	}
	if got := runWith("", "version", "-o", "yaml"); !strings.Contains(got.out, "version: v1.2.3\n") || got.code != 0 {
		t.Errorf("as YAML: %+v", got)
	}
}
