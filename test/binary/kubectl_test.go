// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// kubectl runs kubectl in the scene's namespace.
func (s *scene) kubectl(input string, arguments ...string) {
	s.t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		s.t.Fatal(err)
	}
	command := exec.CommandContext(s.t.Context(), filepath.Join(checkout, "bin", "kube", "kubectl"), append([]string{
		"--kubeconfig=" + s.kubeconfig, "--namespace=" + s.namespace,
		"--cache-dir=" + filepath.Join(filepath.Dir(s.kubeconfig), "cache"),
	}, arguments...)...)
	command.Stdin = strings.NewReader(input)
	if output, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
}

const ingressManifest = `
apiVersion: ingress.warren.dev/v1alpha1
kind: Ingress
metadata: {name: shop}
spec:
  rules:
  - host: %s
    paths:
    - path: /
      backend: {serviceName: %s, port: 80}
---
`

const taskManifest = `
apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: %s}
spec:
  serviceName: %s
  address: 127.0.0.1
  ports: [{port: 80, targetPort: %d}]
---
`

// kubectlLimit is how long a change may take to show after kubectl has returned.
const kubectlLimit = time.Second

func TestWhatKubectlDoesShowsWithinASecond(t *testing.T) {
	s := newScene(t)
	c := s.start().ready()
	host := s.host("shop")
	red1, red2, blue := startBackend(t, "red-1"), startBackend(t, "red-2"), startBackend(t, "blue-1")
	tasks := fmt.Sprintf(taskManifest, "red-1", "red", red1.port) + fmt.Sprintf(taskManifest, "red-2", "red", red2.port) +
		fmt.Sprintf(taskManifest, "blue-1", "blue", blue.port)
	apply := []string{"apply", "-f", "-"}

	steps := []struct {
		name      string
		input     string
		arguments []string
		want      []string
	}{
		{"a new Ingress with its Tasks", tasks + fmt.Sprintf(ingressManifest, host, "red"), apply, []string{from("red-1"), from("red-2")}},
		{"a backend changed to another service", fmt.Sprintf(ingressManifest, host, "blue"), apply, []string{from("blue-1")}},
		{"the backend changed back", fmt.Sprintf(ingressManifest, host, "red"), apply, []string{from("red-1"), from("red-2")}},
		{"a removed Task", "", []string{"delete", "task", "red-1"}, []string{from("red-2")}},
		{"a deleted Ingress", "", []string{"delete", "wing", "shop"}, []string{notFound}},
	}
	for _, step := range steps {
		s.kubectl(step.input, step.arguments...)
		took := eventually(t, kubectlLimit, step.name, func() error { return answersAre(c.http, host, step.want) })
		t.Logf("%s showed %s after kubectl had returned", step.name, took.Round(time.Millisecond))
	}
}

// answersAre returns an error unless the next requests get each of these answers, and no others.
func answersAre(address, host string, want []string) error {
	seen := map[string]bool{}
	for range 2 * max(2, len(want)) {
		got, err := ask(address, host, "/")
		if err != nil {
			return err
		}
		seen[got.String()] = true
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(seen))); diff != "" {
		return fmt.Errorf("answers (-want +got):\n%s", diff)
	}
	return nil
}
