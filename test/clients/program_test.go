// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	kube "sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// programVariable names a program to test instead of this checkout's.
const programVariable = "WARREN_BINARY"

// buildProgram builds the program of this checkout and returns where it is.
func buildProgram(t *testing.T) string {
	t.Helper()
	if given := os.Getenv(programVariable); given != "" {
		return given
	}
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "warren-ingress")
	command := exec.Command("go", "build", "-buildvcs=false", "-o", file, ".")
	command.Dir = checkout
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, output)
	}
	return file
}

// rules are the Ingresses that the program serves, and the Tasks behind them. They are for every host, so that clients
// need no names but localhost.
const rules = `
kind: Task
metadata: {name: web}
spec: {serviceName: web, address: 127.0.0.1, ports: [{port: 80, targetPort: WEB}]}
---
kind: Task
metadata: {name: apache}
spec: {serviceName: apache, address: 127.0.0.1, ports: [{port: 80, targetPort: APACHE}]}
---
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - paths:
    - {path: /, backend: {serviceName: web, port: 80}}
    - {path: /dav, backend: {serviceName: apache, port: 80}}
    - {path: /svn, backend: {serviceName: apache, port: 80}}
    - {path: /clients.Echo, backend: {serviceName: web, port: 80, protocol: H2C}}
    - {path: /denied, backend: {serviceName: web, port: 80}, accessControl: {deniedIPs: [127.0.0.0/8]}}
    - {path: /limited, backend: {serviceName: web, port: 80}, rateLimit: {requestsPerSecond: "0.001", burst: 1, scope: Replica}}
    - {path: /buffered, backend: {serviceName: web, port: 80}, requestBuffering: {maxBytes: 64Ki}}
    - path: /git/refused.git/git-receive-pack
      backend: {serviceName: web, port: 80}
      accessControl: {deniedIPs: [127.0.0.0/8]}
    - {path: /empty, backend: {serviceName: nobody, port: 80}}
---
kind: Ingress
metadata: {name: retry}
spec:
  rules:
  - paths: [RETRIES]
`

// retryPath is a path with a limit that one client alone uses up.
func retryPath(name string) string { return "/retry/" + strings.ReplaceAll(name, " ", "-") }

// makeRules writes the rules to the API. It returns the arguments that make the program serve them.
func (s *scene) makeRules(t *testing.T) (arguments []string) {
	t.Helper()
	config := s.api.Config(t)
	scheme, err := cluster.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	c, err := kube.New(config, kube.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	namespace := kubeapi.Namespace(t, config)
	var retries []string
	for _, each := range everyClient() {
		if each.can&retries429 != 0 {
			retries = append(retries, fmt.Sprintf(`{path: %s, backend: {serviceName: web, port: 80}, rateLimit: {requestsPerSecond: 1, burst: 1, scope: Replica}}`,
				retryPath(each.name)))
		}
	}
	text := strings.NewReplacer("WEB", port(s.backend.address), "APACHE", port(s.apache), "RETRIES", strings.Join(retries, ", ")).Replace(rules)
	objects := []kube.Object{s.pair.Secret(namespace, "default")}
	for document := range strings.SplitSeq(text, "---\n") {
		var object kube.Object = &v1alpha1.Ingress{}
		if strings.Contains(document, "kind: Task") {
			object = &v1alpha1.Task{}
		}
		if err := yaml.Unmarshal([]byte(document), object); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		object.SetNamespace(namespace)
		objects = append(objects, object)
	}
	for _, object := range objects {
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatalf("creating %T %s: %v", object, object.GetName(), err)
		}
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, s.api.Kubeconfig(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"--kubeconfig=" + kubeconfig, "--namespace=" + namespace, "--watch-namespaces=" + namespace, "--allow-local-tasks", "--h2c",
		"--default-certificate=" + namespace + "/default", "--drain-delay=" + drainDelay.String(), "--zap-log-level=error",
	}
}

// startProgram starts the program and waits until it serves the rules.
func (s *scene) startProgram(t *testing.T) *front {
	t.Helper()
	f := &front{name: "warren", plain: fixture.FreeAddress(t), secure: fixture.FreeAddress(t)}
	f.h2c = f.plain
	health := fixture.FreeAddress(t)
	f.process = startProcess(t, "warren-ingress", append([]string{
		s.program, "--http-address=" + f.plain, "--https-address=" + f.secure,
		"--metrics-address=" + fixture.FreeAddress(t), "--health-address=" + health, "--admin-address=" + fixture.FreeAddress(t),
	}, s.arguments...)...)
	f.process.listening(f.plain)
	eventually(t, "the program to serve the rules", func() error {
		response, err := http.Get("http://" + f.plain + "/hello")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		var text bytes.Buffer
		if _, err := text.ReadFrom(response.Body); err != nil {
			return err
		}
		if text.String() != "hello" {
			return fmt.Errorf("the answer is %s %s", response.Status, text.String())
		}
		return nil
	})
	useUp(t, f)
	return f
}
