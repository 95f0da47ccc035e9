// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// filesText is an Ingress and a Task, for a host and a port.
const filesText = `apiVersion: ingress.warren.dev/v1alpha1
kind: Ingress
metadata: {name: shop}
spec:
  rules: [{host: %s, paths: [{path: /, backend: {serviceName: web, port: 80}}]}]
---
apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: web-1}
spec: {serviceName: web, address: 127.0.0.1, ports: [{port: 80, targetPort: %d}]}
`

func TestFilesAreServedWithoutKubernetes(t *testing.T) {
	t.Parallel()
	web := startBackend(t, "web-1")
	file := filepath.Join(t.TempDir(), "shop.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(fmt.Sprintf(filesText, "shop.example.com", web.port))
	c := startController(t, "-f", file, "--allow-local-tasks", "--drain-delay=0s").ready()
	if err := answers(c.http, "shop.example.com", "/x", from("web-1")); err != nil {
		t.Error(err)
	}
	eventually(t, patience, "the conditions", func() error {
		return missing(c.stdout.String(), "Ingress default/shop: Ready=True Served: ", "Task default/web-1: Ready=True NoHealthCheck: ")
	})
	shows(t, c.command("explain", "shop.example.com/x"), "default/shop 0.0", "answer  the service's")
	shows(t, c.command("hosts"), "shop.example.com  default")
	shows(t, c.command("ls"), "shop.example.com", "serving")
	if status, text, err := read("http://" + c.metrics + "/metrics"); err != nil || status != http.StatusOK || !strings.Contains(text, "warren_ingress_requests_total") {
		t.Errorf("the metrics are %d %v", status, err)
	}

	write(fmt.Sprintf(filesText, "store.example.com", web.port))
	eventually(t, patience, "the file as it is now", func() error { return answers(c.http, "store.example.com", "/x", from("web-1")) })
	write(strings.Replace(fmt.Sprintf(filesText, "store.example.com", web.port), "serviceName: web, address", "servceName: web, address", 1))
	broken := file + `, document 2, line 10: Task: strict decoding error: unknown field "spec.servceName"`
	eventually(t, patience, "the fault to be told", func() error {
		_, text, err := read("http://" + c.health + "/healthz?verbose")
		if err != nil {
			return err
		}
		return missing(text, "data plane: serving generation 2", broken)
	})
	if err := answers(c.http, "store.example.com", "/x", from("web-1")); err != nil {
		t.Error(err)
	}
	c.terminate()
	if code := c.exit(); code != 0 {
		t.Errorf("the exit code is %d after SIGTERM", code)
	}
}

func TestWhatIsAboutAClusterIsRefusedForFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "broken.yaml")
	if err := os.WriteFile(file, []byte("a: b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		arguments []string
		want      []string
	}{
		"a flag of a cluster":      {[]string{"-f", folder, "--watch-namespaces=a"}, []string{"--watch-namespaces", "about a cluster"}},
		"an authority":             {[]string{"-f", folder, "--acme-email=a@example.com"}, []string{"--acme-email", "no certificate is ordered", "put certificates into Secrets"}},
		"standard input":           {[]string{"-f", "-"}, []string{"standard input cannot be followed"}},
		"a folder that is not":     {[]string{"-f", filepath.Join(folder, "none")}, []string{"none", "no such file"}},
		"a file that is no object": {[]string{"--filename", folder}, []string{"broken.yaml, document 1, line 1: it is no Kubernetes object"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails(t, startController(t, test.arguments...), test.want...)
		})
	}
}
