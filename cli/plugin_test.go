// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/warren-dev/ingress/cli/process"
	"github.com/warren-dev/ingress/controllers/hosts"
)

// kubectlDouble is a program in place of kubectl, which no cluster is there for. It writes down its arguments, a call a
// line, and answers with the file of its first argument's name.
const kubectlDouble = `#!/bin/sh
folder=$(dirname "$0")
for argument; do printf '%s\037' "$argument"; done >>"$folder/calls"
echo >>"$folder/calls"
for argument; do
  case $argument in --all-namespaces) [ ! -e "$folder/forbidden" ] || { cat "$folder/forbidden" >&2; exit 1; } ;; esac
done
for argument; do
  case $argument in get|exec|patch) [ ! -e "$folder/$argument" ] || cat "$folder/$argument"; exit 0 ;; esac
done
`

// withKubectl has the test's commands find a kubectl that answers with these texts. calls returns the arguments that it
// was called with.
func withKubectl(t *testing.T, answers map[string]string) (calls func() [][]string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range answers {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "kubectl"), []byte(kubectlDouble), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	t.Setenv("KUBECONFIG", filepath.Join(folder, "none"))
	return func() (calls [][]string) {
		text, err := os.ReadFile(filepath.Join(folder, "calls"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			calls = append(calls, strings.Split(strings.TrimSuffix(line, "\037\n"), "\037"))
		}
		return calls
	}
}

func runPlugin(args ...string) result {
	var out, err bytes.Buffer
	code := Run(nil, NewPlugin("v1.2.3", Streams{Out: &out, Err: &err}), args) //nolint:staticcheck // cobra takes the background then
	return result{code, out.String(), err.String()}
}

// podJSON is a Pod as kubectl lists it.
func podJSON(namespace, release, name, ready string, args ...string) string {
	list, _ := json.Marshal(args) // of strings never fails
	return `{"metadata": {"namespace": "` + namespace + `", "name": "` + name + `", "labels": {"app.kubernetes.io/instance": "` + release + `"}},
		"spec": {"containers": [{"name": "mesh"}, {"name": "controller", "args": ` + string(list) + `}]},
		"status": {"conditions": [{"type": "Ready", "status": "` + ready + `"}]}}`
}

func pods(items ...string) string { return `{"items": [` + strings.Join(items, ",") + `]}` }

func TestPluginHasAReadyPodOfAnyInstallationRunTheCommand(t *testing.T) {
	calls := withKubectl(t, map[string]string{
		"get":  pods(podJSON("infra", "edge", "edge-a", "False"), podJSON("infra", "edge", "edge-b", "True", "--admin-address=127.0.0.1:1234")),
		"exec": `[{"host": "shop.example.com", "path": "/", "match": "Prefix", "ingress": "shop/web", "pool": "shop/web:80", "taking": 1, "endpoints": 2}]`,
	})
	got := runPlugin("--context", "prod", "--as-group=a", "--as-group=b", "ls", "--kubeconfig=here")
	if got.code != 0 || !strings.Contains(got.out, "shop.example.com") || !strings.Contains(got.out, "1/2") {
		t.Errorf("%+v", got)
	}
	passed := []string{"--as-group=a", "--as-group=b", "--context=prod", "--kubeconfig=here"}
	want := [][]string{
		append(passed[:len(passed):len(passed)], "get", "pods", "--selector="+controllerLabels, "--output=json", "--all-namespaces"),
		append(passed[:len(passed):len(passed)], "exec", "--namespace=infra", "pod/edge-b", "--container=controller", "--", "/warren-ingress",
			"ls", "routes", "-o", "json", "--admin-address=127.0.0.1:1234"),
	}
	if diff := cmp.Diff(want, calls()); diff != "" {
		t.Errorf("kubectl's arguments (-want +got):\n%s", diff)
	}
}

func TestPluginNamesWhatItDoesNotFind(t *testing.T) {
	for name, test := range map[string]struct {
		pods, want string
		code       int
	}{
		"none":      {pods(), "there is no Pod of the controller's", exitFailure},
		"not ready": {pods(podJSON("infra", "edge", "edge-a", "False")), "write --pod NAME", exitFailure},
		"two": {pods(podJSON("infra", "edge", "edge-a", "True"), podJSON("lab", "", "warren-1", "True")),
			"write one of -n infra --release edge, -n lab", exitFailure},
	} {
		t.Run(name, func(t *testing.T) {
			withKubectl(t, map[string]string{"get": test.pods})
			if got := runPlugin("ls"); got.code != test.code || got.out != "" || !strings.Contains(got.err, test.want) || strings.Count(got.err, "\n") != 1 {
				t.Errorf("%+v, want %q", got, test.want)
			}
		})
	}
}

func TestPluginLooksInItsOwnNamespaceWhereItMayNotLookInAll(t *testing.T) {
	calls := withKubectl(t, map[string]string{
		"forbidden": `Error from server (Forbidden): pods is forbidden: User "me" cannot list resource "pods"`,
		"get":       pods(podJSON("warren-system", "", "warren-1", "True")), "exec": "[]",
	})
	if got := runPlugin("ls", "tasks"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if got := calls(); len(got) != 3 || got[1][len(got[1])-1] != "--namespace=warren-system" {
		t.Errorf("kubectl was called with %q", got)
	}
}

func TestPluginAsksWhatIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"a Deployment":     {[]string{"-n", "infra", "--deployment", "edge", "ls"}, []string{"--namespace=infra", "deployment/edge"}},
		"as it was called": {[]string{"-n", "infra", "-deployment", "edge", "ls"}, []string{"--namespace=infra", "deployment/edge"}},
		"a DaemonSet":      {[]string{"ls", "--daemonset=edge"}, []string{"--namespace=warren-system", "daemonset/edge"}},
		"a Pod":            {[]string{"ls", "--pod=edge-1"}, []string{"--namespace=warren-system", "pod/edge-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			calls := withKubectl(t, map[string]string{"exec": "[]"})
			if got := runPlugin(test.args...); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			want := append([]string{"exec"}, append(test.want, "--", "/warren-ingress", "ls", "routes", "-o", "json")...)
			if diff := cmp.Diff([][]string{want}, calls()); diff != "" {
				t.Errorf("kubectl's arguments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPodRunsCommandsThatEveryVersionKnows(t *testing.T) {
	t.Parallel()
	p := pod{kubectl: &kubectl{}, namespace: "infra", name: "pod/x"}
	for _, test := range []struct {
		path  string
		query url.Values
		want  string
	}{
		{certificatesPath, nil, "ls certs -o json"},
		{hostsPath, nil, "hosts -o json"},
		{explainPath, url.Values{"url": {"http://a/"}, "method": {"PUT"}, "client": {"::1"}, "header": {"A:b", "C:d"}},
			"explain http://a/ --method=PUT --client=::1 --header=A:b --header=C:d -o json"},
	} {
		want := append(strings.Fields("exec --namespace=infra pod/x -- /warren-ingress"), strings.Fields(test.want)...)
		if diff := cmp.Diff(want, p.command(test.path, test.query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.path, diff)
		}
	}
}

func TestPluginFindsTheProcessOfThisMachine(t *testing.T) {
	calls := withKubectl(t, nil)
	config, err := process.Note([]byte(`{apiVersion: v1, kind: Config, clusters: [{name: here, cluster: {server: "https://127.0.0.1:1"}}],
		contexts: [{name: run, context: {cluster: here}}, {name: prod, context: {cluster: there}}], current-context: run}`), "127.0.0.1:2")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", file)
	if got := runPlugin("ls"); !strings.Contains(got.err, "asking the replica at 127.0.0.1:2") || len(calls()) != 0 {
		t.Errorf("%+v after %q, want that the process was asked", got, calls())
	}
	if got := runPlugin("ls", "--context=prod"); !strings.Contains(got.err, "looking for the controller's Pods") && !strings.Contains(got.err, "reading the list of Pods") {
		t.Errorf("%+v, want that Pods were looked for in another cluster", got)
	}
}

func TestAHostIsMovedByKubectl(t *testing.T) {
	for _, test := range []struct {
		args        []string
		host, patch string
	}{
		{[]string{"release", "shop.example.com"}, "shop.example.com", `[{"op":"remove","path":"/data/shop.example.com"}]`},
		{[]string{"release", "*.example.com"}, "*.example.com", `[{"op":"remove","path":"/data/_.example.com"}]`},
		{[]string{"give", "", "blue"}, "", `[{"op":"replace","path":"/data/_","value":"{\"namespace\":\"blue\",`},
	} {
		calls := withKubectl(t, nil)
		got := runPlugin(append([]string{"-n", "infra", "hosts", "--ingress-class=edge"}, test.args...)...)
		configMap, _, _ := hosts.ClaimAt("edge", test.host)
		all := calls()
		if got.code != 0 || len(all) != 1 {
			t.Fatalf("%q: %+v after %q", test.args, got, all)
		}
		want := []string{"patch", "configmap", configMap, "--namespace=infra", "--type=json"}
		if diff := cmp.Diff(want, all[0][:5]); diff != "" || !strings.HasPrefix(all[0][5], "--patch="+test.patch) {
			t.Errorf("%q: kubectl's patch is %s, the rest (-want +got):\n%s", test.args, all[0][5], diff)
		}
	}
}

func TestTheNameSaysWhetherTheProgramIsAPlugin(t *testing.T) {
	t.Parallel()
	serve := func() *cobra.Command { return &cobra.Command{} }
	for program, want := range map[string]string{
		"/usr/local/bin/kubectl-warren": "kubectl warren", "/usr/local/bin/warren-ingress": "warren-ingress", "kubectl_complete-warren": "kubectl warren",
	} {
		root, args := Called([]string{program, "ls"}, "", serve, Streams{})
		if root.CommandPath() != want || args[len(args)-1] != "ls" || (args[0] == cobra.ShellCompRequestCmd) != (program == completerName) {
			t.Errorf("%s: %q with %q, want %q", program, root.CommandPath(), args, want)
		}
	}
}
