//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/fixture"
)

// watched is a controller with its page, and a browser that looks at it.
type watched struct {
	t   *testing.T
	tab *tab
	// admin and http are the controller's addresses, and file has what it serves.
	admin, http, file string
}

// watchedBackends are the services of testdata/dashboard.yaml, by namespace and name, with how many tasks each has.
var watchedBackends = map[string]int{"shop/web": 2, "shop/cart": 1, "shop/api": 3, "shop/api-next": 1, "blog/blog": 1, "tenants/web": 1, "ops/admin": 1}

// serveWatched starts a controller with the objects of testdata/dashboard.yaml, and what is behind it.
func serveWatched(t *testing.T) *watched {
	t.Helper()
	text, err := os.ReadFile("testdata/dashboard.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects := []string{string(text)}
	for service, tasks := range watchedBackends {
		namespace, name, _ := strings.Cut(service, "/")
		for i := range tasks {
			var asked atomic.Int64
			backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n := asked.Add(1); service == "shop/api-next" && n%3 == 0 {
					http.Error(w, "not yet", http.StatusInternalServerError)
					return
				}
				_, _ = fmt.Fprintln(w, r.URL.Path)
			}))
			t.Cleanup(backend.Close)
			objects = append(objects, fmt.Sprintf(`apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: %s-%d, namespace: %s}
spec: {serviceName: %s, address: 127.0.0.1, ports: [{port: 80, targetPort: %d}]}
`, name, i, namespace, name, backend.Listener.Addr().(*net.TCPAddr).Port))
		}
	}
	now := time.Now()
	for name, days := range map[string]time.Duration{"shop/shop": 61, "shop/api": 12, "blog/blog": 2} {
		namespace, host, _ := strings.Cut(name, "/")
		pair := fixture.NewKeyPair(t, now.Add((days-90)*24*time.Hour), now.Add(days*24*time.Hour), host+".example.com")
		secret := pair.Secret(namespace, host+"-tls")
		secret.APIVersion, secret.Kind = "v1", "Secret"
		objects = append(objects, marshal(t, secret))
	}
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{t: t, admin: fixture.FreeAddress(t), http: fixture.FreeAddress(t), file: filepath.Join(t.TempDir(), "objects.yaml")}
	w.write(strings.Join(objects, "\n---\n"))
	health := fixture.FreeAddress(t)
	t.Setenv("POD_NAME", "warren-0") // The pictures name no machine.
	start(t, program, "serve", "-f", w.file, "--allow-local-tasks", "--http-address="+w.http, "--https-address="+fixture.FreeAddress(t), "--health-address="+health,
		"--metrics-address="+fixture.FreeAddress(t), "--admin-address="+w.admin, "--drain-delay=0s")
	eventually(t, "the controller", func() error { return asks("http://" + health + "/readyz") })
	w.tab = open(t, "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "")
	w.tab.notesFaults()
	return w
}

func (w *watched) write(objects string) {
	w.t.Helper()
	if err := os.WriteFile(w.file, []byte(objects), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// request sends a request to the data plane.
func (w *watched) request(host, path string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+w.http+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Host = host
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = response.Body.Close()
}

// keepAsking sends requests to all hosts until the test ends.
func (w *watched) keepAsking() {
	var asking sync.WaitGroup
	ended := make(chan struct{})
	for url, every := range map[string]time.Duration{
		"shop.example.com/": 20, "shop.example.com/cart": 35, "shop.example.com/legacy": 300, "api.example.com/v1/orders": 15, "api.example.com/v2/items": 60,
		"blog.example.com/": 80, "a.tenants.example.com/": 120, "admin.example.com/": 400, "old.example.com/": 600, "nowhere.example.com/": 500,
	} {
		host, path, _ := strings.Cut(url, "/")
		asking.Go(func() {
			for {
				select {
				case <-ended:
					return
				case <-time.After(every * time.Millisecond):
					w.request(host, "/"+path)
				}
			}
		})
	}
	w.t.Cleanup(func() {
		close(ended)
		asking.Wait()
	})
}

// notesFaults has pages note what goes wrong in them: errors of scripts, and what the policy refuses.
func (b *tab) notesFaults() {
	b.t.Helper()
	const script = `window.faults = []; window.pwned = () => window.faults.push("a script of somebody else ran");
		addEventListener("error", (e) => window.faults.push("error: " + e.message));
		addEventListener("unhandledrejection", (e) => window.faults.push("rejected: " + e.reason));
		addEventListener("securitypolicyviolation", (e) => window.faults.push("policy: " + e.violatedDirective + " " + e.blockedURI + " " + e.sample));`
	if err := b.call("Page.addScriptToEvaluateOnNewDocument", map[string]string{"source": script}, nil); err != nil {
		b.t.Fatal(err)
	}
}

// faultless fails the test if something went wrong in the page.
func (b *tab) faultless(what string) {
	b.t.Helper()
	var faults []string
	if err := b.evaluate("window.faults", &faults); err != nil {
		b.t.Fatal(err)
	}
	for _, fault := range faults {
		b.t.Errorf("%s: %s", what, fault)
	}
}

// until waits until a script's value is true.
func (b *tab) until(what, script string) {
	b.t.Helper()
	eventually(b.t, what, func() error {
		var holds bool
		if err := b.evaluate("Boolean("+script+")", &holds); err != nil {
			return err
		}
		if !holds {
			return fmt.Errorf("%s does not hold", script)
		}
		return nil
	})
}

// size sets the size of the page, and whether it is dark.
func (b *tab) size(width, height int, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	for method, parameters := range map[string]any{
		"Emulation.setDeviceMetricsOverride": map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false},
		"Emulation.setEmulatedMedia":         map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}},
	} {
		if err := b.call(method, parameters, nil); err != nil {
			b.t.Fatal(err)
		}
	}
}

// picture writes what the page looks like into a file.
func (b *tab) picture(file string) {
	b.t.Helper()
	var said struct{ Data string }
	if err := b.call("Page.captureScreenshot", map[string]any{"format": "webp", "quality": 82}, &said); err != nil {
		b.t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(said.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// axeVersion is what looks for barriers. It is installed by npm, once for all tests.
const axeVersion = "4.10.3"

var axe = sync.OnceValues(func() (string, error) {
	command := exec.Command("npm", "install", "--prefix", folder, "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "axe-core@"+axeVersion)
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("installing axe-core by npm: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	return string(text), err
})

// barriers returns what keeps people out of the page, what is serious of it.
func (b *tab) barriers() (found []string) {
	b.t.Helper()
	script, err := axe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.evaluate(script+";0", nil); err != nil {
		b.t.Fatal(err)
	}
	var result string
	if err := b.evaluate(`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations.map((v) => [v.impact, v.id, v.nodes.map((n) => n.target.join(" ") + ": " + n.any.concat(n.all, n.none).map((c) => c.message).join("; ")).slice(0, 4).join(" | ")])))`, &result); err != nil {
		b.t.Fatal(err)
	}
	var violations [][3]string
	if err := json.Unmarshal([]byte(result), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		if v[0] == "serious" || v[0] == "critical" {
			found = append(found, strings.Join(v[:], ": "))
		} else {
			b.t.Logf("a lesser barrier: %s", strings.Join(v[:], ": "))
		}
	}
	return found
}
