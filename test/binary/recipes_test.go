// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// recipe is a page of docs/recipes whose objects are applied, with a program behind each of its services and Tasks.
type recipe struct {
	*scene
	controller *controller
	// served are the services that have Tasks.
	served map[v1alpha1.ServiceName]bool
}

// cook applies a page. A service without a Task on the page gets as many programs as instances says. They answer with
// the service's name, or that and a number if there are several, and those of the page's Tasks with the Task's.
func cook(t *testing.T, page string, instances int) *recipe {
	t.Helper()
	return cookWith(t, page, instances, func(*recipe) []string { return nil })
}

// cookWith is cook with something done once the page is applied, which returns arguments for the controller.
func cookWith(t *testing.T, page string, instances int, prepare func(*recipe) []string) *recipe {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(checkout, "docs", "recipes", page))
	if err != nil {
		t.Fatal(err)
	}
	var manifests []string
	for _, part := range strings.Split(string(text), "\n```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```")
		manifests = append(manifests, strings.Split(block, "\n---\n")...)
	}
	r := &recipe{scene: newScene(t), served: map[v1alpha1.ServiceName]bool{}}
	wanted := map[v1alpha1.ServiceName]v1alpha1.Port{}
	for _, manifest := range manifests {
		var head struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal([]byte(manifest), &head); err != nil {
			t.Fatalf("parsing %s: %v", page, err)
		}
		if strings.HasPrefix(head.APIVersion, v1alpha1.GroupVersion.Group+"/") {
			switch head.Kind {
			case v1alpha1.TaskKind:
				made := r.standIn(manifest)
				r.served[made.Spec.ServiceName] = true
				continue
			case v1alpha1.IngressKind:
				backends(t, manifest, wanted)
			}
		}
		// A page has all in the namespace default.
		r.kubectl(strings.ReplaceAll(manifest, ".default.svc.", "."+r.namespace+".svc.")+"\n", "apply", "-f", "-")
	}
	if len(wanted) == 0 {
		t.Fatalf("%s has no Ingress", page)
	}
	arguments := append([]string{"--acme=false"}, prepare(r)...)
	for service, port := range wanted {
		for n := range instances {
			name := string(service)
			if instances > 1 {
				name = fmt.Sprintf("%s-%d", service, n+1)
			}
			if !r.served[service] {
				r.behind(name, service, port)
			}
		}
	}
	r.controller = r.start(arguments...).ready()
	return r
}

// backends notes which services the paths of an Ingress name, and their ports.
func backends(t *testing.T, manifest string, wanted map[v1alpha1.ServiceName]v1alpha1.Port) {
	t.Helper()
	var made v1alpha1.Ingress
	if err := yaml.UnmarshalStrict([]byte(manifest), &made); err != nil {
		t.Fatal(err)
	}
	for _, rule := range made.Spec.Rules {
		for _, path := range rule.Paths {
			for _, share := range path.Backends {
				wanted[v1alpha1.ServiceName(share.ServiceName)] = v1alpha1.Port(share.Port)
			}
			wanted[path.Backend.ServiceName] = path.Backend.Port
			for _, page := range path.ErrorPages {
				wanted[v1alpha1.ServiceName(page.ServiceName)] = v1alpha1.Port(page.Port)
			}
		}
	}
	delete(wanted, "") // A path may have no backend, or several.
}

// standIn makes a Task of a page with a program of this machine in place of its instance.
func (r *recipe) standIn(manifest string) *v1alpha1.Task {
	r.t.Helper()
	made := &v1alpha1.Task{}
	if err := yaml.UnmarshalStrict([]byte(manifest), made); err != nil {
		r.t.Fatal(err)
	}
	b := startBackend(r.t, made.Name)
	made.Spec.Address = "127.0.0.1"
	for i := range made.Spec.Ports {
		made.Spec.Ports[i].TargetPort = v1alpha1.Port(b.port)
	}
	r.create(made)
	return made
}

// behind starts a program behind a service.
func (r *recipe) behind(name string, service v1alpha1.ServiceName, port v1alpha1.Port) {
	r.t.Helper()
	made := task(string(service), startBackend(r.t, name))
	made.Spec.Ports[0].Port = port
	r.create(made)
}

// recipeRequests are the requests of each recipe with an Ingress, and the answers that it promises. Those without any
// have a test of their own.
var recipeRequests = map[string][]struct{ host, path, want string }{
	"canary.md":          nil,
	"error-pages.md":     nil,
	"sticky-sessions.md": nil,
	"tls.md":             {{"shop.example.com", "/", from("web")}},
	"websocket.md":       {{"chat.example.com", "/", from("chat")}},
	"authelia.md":        nil,
	"opa.md":             nil,
	"oauth2-proxy.md":    {{"wiki.example.com", "/oauth2/callback", from("oauth2-proxy")}}, // test/browser signs in
	"passwords.md":       {{"reports.example.com", "/", authUnavailable}},                  // test/clients runs its commands
	"grpc.md": {
		{"api.example.com", "/shop.v1.Orders/List", from("orders")},
		{"api.example.com", "/", notFound},
	},
	"wildcard.md": {
		{"blue.shop.example.com", "/", from("tenants")},
		{"admin.shop.example.com", "/", from("admin")},
		{"shop.example.com", "/", notFound},
		{"a.blue.shop.example.com", "/", notFound},
	},
	"maintenance.md": {
		{"shop.example.com", "/cart", "503 FixedResponse"},
		{"shop.example.com", "/status", from("web")},
		{"shop.example.com", "/shop", "403 AccessDenied"},
	},
	"allow-list.md": {
		{"shop.example.com", "/", from("web")},
		{"shop.example.com", "/admin", "403 AccessDenied"},
	},
}

func TestRecipesDoWhatTheySay(t *testing.T) {
	t.Parallel()
	for page, requests := range recipeRequests {
		if requests == nil {
			continue
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			r := cook(t, page, 1)
			for _, request := range requests {
				eventually(t, patience, "the answer to "+request.host+request.path, func() error {
					return answers(r.controller.http, request.host, request.path, request.want)
				})
			}
		})
	}
}

func TestEveryRecipeWithAnIngressIsAsked(t *testing.T) {
	t.Parallel()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(checkout, "docs", "recipes", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("finding the recipes: %v", err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(page)
		if _, asked := recipeRequests[name]; !asked && strings.Contains(string(text), "\nkind: Ingress\n") {
			t.Errorf("%s has an Ingress, and nobody asks for it: add it to recipeRequests", name)
		}
	}
}

func TestTheRecipeOfErrorPagesHasOneForEachStatus(t *testing.T) {
	t.Parallel()
	r := cook(t, "error-pages.md", 1)
	const host = "shop.example.com"
	eventually(t, patience, "an answer of the shop", func() error { return answers(r.controller.http, host, "/", from("web")) })
	shows := func(path, page string, status int) error {
		request, err := http.NewRequest(http.MethodGet, "http://"+r.controller.http+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		var got arrival
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			return fmt.Errorf("%s is answered with %d by nobody of ours: %w", path, response.StatusCode, err)
		}
		if response.StatusCode != status || got.Backend != "pages" || got.Path != page {
			return fmt.Errorf("%s is answered with %d by %+v, want %d and the page %s", path, response.StatusCode, got, status, page)
		}
		return nil
	}
	eventually(t, patience, "the page for strangers", func() error { return shows("/admin", "/forbidden.html", http.StatusForbidden) })
	r.kubectl("", "patch", "tasks.ingress.warren.dev/web", "--type=merge", "-p", `{"spec": {"weight": 0}}`)
	eventually(t, patience, "the page of the shop that is down", func() error { return shows("/", "/503.html", http.StatusServiceUnavailable) })
}

func TestTheRecipeOfACanaryGivesItATenthAndAllTesters(t *testing.T) {
	t.Parallel()
	r := cook(t, "canary.md", 1)
	const host, canary, requests = "shop.example.com", "web-canary", 1000
	eventually(t, patience, "an answer of the canary", func() error { return answers(r.controller.http, host, "/", from(canary)) })
	eventually(t, patience, "an answer of the other", func() error { return answers(r.controller.http, host, "/", from("web")) })
	counts := map[string]int{}
	for range requests {
		got, err := ask(r.controller.http, host, "/")
		if err != nil {
			t.Fatal(err)
		}
		counts[got.String()]++
	}
	// Chance takes the share out of these bounds once in a billion runs.
	if n := counts[from(canary)]; n < 40 || n > 160 || counts[from("web")] != requests-n {
		t.Errorf("of %d requests the answers are %v, want about a tenth of the canary and the rest of the other", requests, counts)
	}
	for range 20 {
		if err := r.asTester(host, canary); err != nil {
			t.Fatal(err)
		}
	}
}

// asTester returns an error unless a request with the field of testers is answered by a backend.
func (r *recipe) asTester(host, backend string) error {
	request, err := http.NewRequest(http.MethodGet, "http://"+r.controller.http+"/", http.NoBody)
	if err != nil {
		return err
	}
	request.Host = host
	request.Header.Set("X-Canary", "always")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var arrived arrival
	if err := json.NewDecoder(response.Body).Decode(&arrived); err != nil {
		return fmt.Errorf("reading the answer %s: %w", response.Status, err)
	}
	if arrived.Backend != backend {
		return fmt.Errorf("%s answers testers, want %s", arrived.Backend, backend)
	}
	return nil
}

func TestTheRecipeOfStickySessionsKeepsAClientWithOneInstance(t *testing.T) {
	t.Parallel()
	r := cook(t, "sticky-sessions.md", 2)
	seen := map[string]bool{}
	eventually(t, patience, "clients of both instances", func() error {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		first := ""
		for n := range 5 {
			got, err := askWithCookies(r.controller.http, "shop.example.com", jar)
			if err != nil {
				return err
			}
			if n > 0 && got != first {
				t.Fatalf("request %d of a client is answered by %s, the first by %s", n+1, got, first)
			}
			first = got
		}
		if seen[first] = true; len(seen) < 2 {
			return fmt.Errorf("all clients so far are at %s", first)
		}
		return nil
	})
}

// askWithCookies is ask for a client with cookies. It returns who answers.
func askWithCookies(address, host string, jar http.CookieJar) (string, error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+address+"/", http.NoBody)
	if err != nil {
		return "", err
	}
	request.Host = host
	for _, cookie := range jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	jar.SetCookies(request.URL, response.Cookies())
	var arrived arrival
	if err := json.NewDecoder(response.Body).Decode(&arrived); err != nil {
		return "", fmt.Errorf("reading the answer %s: %w", response.Status, err)
	}
	return arrived.Backend, nil
}

func TestTheExamplesPassTheCheck(t *testing.T) {
	t.Parallel()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), program.path(t), "check", filepath.Join(checkout, "examples")).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "13 checked, 0 not served as written") {
		t.Errorf("%v\n%s", err, said)
	}
}
