// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// shop is an Ingress in 11 lines.
	shop = `apiVersion: ingress.warren.dev/v1alpha1
kind: Ingress
metadata:
  name: shop
spec:
  rules:
  - host: shop.example.com
    paths:
    - path: /
      backend: {serviceName: web, port: 80}
    - {path: /api, backend: {serviceName: api, port: 80}}
`
	task = "apiVersion: ingress.warren.dev/v1alpha1\nkind: Task\nmetadata: {name: web-1}\nspec: {serviceName: web, address: 192.0.2.7}\n"
)

// all has everything used.
var all = Options{Uses: func(client.Object) bool { return true }}

func TestAFaultSaysItsDocumentAndLine(t *testing.T) {
	t.Parallel()
	other := func(from, to string) string { return strings.Replace(shop, from, to, 1) }
	for name, test := range map[string]struct{ text, want string }{
		"a field that there is not":          {other("backend: {serviceName: web", "backend: {servceName: web"), `document 1, line 10: Ingress: strict decoding error: unknown field "spec.rules[0].paths[0].backend.servceName"`},
		"one in another element":             {other("backend: {serviceName: api", "backend: {servceName: api"), `document 1, line 11: Ingress: strict decoding error: unknown field "spec.rules[0].paths[1].backend.servceName"`},
		"a value of another type":            {other("serviceName: api, port: 80", "serviceName: api, port: http"), "document 1, line 11: Ingress: "},
		"a list where an object is meant":    {other("backend: {serviceName: web, port: 80}", "backend: [web]"), "document 1, line 10: Ingress: "},
		"a field twice":                      {other("    - path: /\n", "    - path: /\n      path: /x\n"), `document 1, line 10: `},
		"no YAML":                            {other("    paths:", "   paths:"), "document 1, line "},
		"in a later document":                {task + "--- # the shop\n" + other("rules:", "ruels:"), `document 2, line 11: Ingress: strict decoding error: unknown field "spec.ruels"`},
		"behind documents of comments alone": {"# one\n---\n# two\n---\n" + other("rules:", "ruels:"), `document 3, line 10: Ingress: strict decoding error: unknown field "spec.ruels"`},
		"behind one that is broken":          {"a: [\n---\n" + task, "document 1, line "},
		"no object":                          {shop + "---\n\nname: x\n", "document 2, line 14: it is no Kubernetes object"},
		"no name":                            {strings.Replace(task, "{name: web-1}", "{}", 1), "document 1, line 1: Task: metadata.name is missing"},
		"twice":                              {shop + "---\n" + task + "---\n" + shop, "document 3, line 18: Ingress default/shop is there twice, first in standard input, document 1: leave one of them out"},
		"an item of a List":                  {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- {apiVersion: v1, kind: Secret, metadata: {nam: a}}\n", `document 1, line 1: item 1: Secret: strict decoding error: unknown field "metadata.nam"`},
	} {
		set, err := Read([]string{Stdin}, strings.NewReader(test.text), all)
		if err != nil || len(set.Faults) != 1 {
			t.Errorf("%s: the faults are %v, error %v, want one", name, set.Faults, err)
			continue
		}
		if got := set.Faults[0].Error(); !strings.HasPrefix(got, "standard input, "+test.want) || strings.Contains(got, "\n") {
			t.Errorf("%s: the fault is %q, want it to begin with %q", name, got, test.want)
		}
		if name == "behind one that is broken" && len(set.Objects) != 1 {
			t.Errorf("%s: %d objects were read, want the Task", name, len(set.Objects))
		}
	}
}

func TestFoldersAreReadAsAMountedConfigMapIs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "..2026_11_30", "shop.yaml"), shop)
	link(t, "..2026_11_30", filepath.Join(folder, "..data"))
	link(t, filepath.Join("..data", "shop.yaml"), filepath.Join(folder, "shop.yaml"))
	write(t, filepath.Join(folder, ".hidden.yaml"), "no object")
	write(t, filepath.Join(folder, "README.md"), "no object")
	write(t, filepath.Join(folder, "team", "task.yml"), task)
	write(t, filepath.Join(folder, "team", "secret.json"), `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "team"}, "stringData": {"a": "b"}}`)
	write(t, filepath.Join(folder, "team", "other.yaml"), "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n")
	linked := filepath.Join(t.TempDir(), "current")
	link(t, folder, linked)
	for _, name := range []string{folder, linked} {
		set, err := Read([]string{name}, nil, all)
		if err != nil || len(set.Faults) > 0 {
			t.Fatalf("%v, faults %v", err, set.Faults)
		}
		var got []string
		for _, object := range set.Objects {
			got = append(got, KeyOf(object).String())
			if secret, ok := object.(*corev1.Secret); ok && string(secret.Data["a"]) != "b" {
				t.Errorf("the Secret holds %v", secret.Data)
			}
		}
		if diff := cmp.Diff([]string{"default/shop", "team/s", "default/web-1"}, got); diff != "" {
			t.Errorf("objects (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"apps/v1 Deployment"}, set.Skipped); diff != "" {
			t.Errorf("skipped kinds (-want +got):\n%s", diff)
		}
	}
	if _, err := Read([]string{filepath.Join(folder, "none")}, nil, all); err == nil || !strings.Contains(err.Error(), "none: no such file") {
		t.Errorf("the error of a name that is not there is %v", err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func TestObjectsOfWhichNothingIsMadeNeedNotBeRight(t *testing.T) {
	t.Parallel()
	const text = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\nspec: {unknown: 1}\n"
	for _, uses := range []bool{false, true} {
		set, err := Read([]string{Stdin}, strings.NewReader(text), Options{Uses: func(client.Object) bool { return uses }})
		if err != nil || (len(set.Faults) > 0) != uses {
			t.Errorf("used %v: faults %v (%v)", uses, set.Faults, err)
		}
	}
}

func TestAnOldVersionSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	for old, want := range map[string]string{
		"extensions/v1beta1":        "write apiVersion: networking.k8s.io/v1",
		"networking.k8s.io/v1beta1": "write apiVersion: networking.k8s.io/v1",
	} {
		set, err := Read([]string{Stdin}, strings.NewReader("apiVersion: "+old+"\nkind: Ingress\nmetadata: {name: a}\n"), all)
		if err != nil || len(set.Faults) != 1 || !strings.Contains(set.Faults[0].Error(), want) {
			t.Errorf("%s: faults %v (%v), want one with %q", old, set.Faults, err, want)
		}
	}
}

func TestWhatNamesNoNamespaceIsInTheOneGiven(t *testing.T) {
	t.Parallel()
	const other = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: other}\n"
	o := all
	o.Namespace = "shop"
	for want, options := range map[string]Options{"default": all, "shop": o} {
		set, err := Read([]string{Stdin}, strings.NewReader(task+other), options)
		if err != nil || len(set.Objects) != 2 || set.Objects[0].GetNamespace() != want || set.Unnamed != set.Objects[0] || set.Named != "other" {
			t.Errorf("want %s: got %+v (%v)", want, set, err)
		}
	}
}
