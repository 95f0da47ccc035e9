// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObjectsThatCannotBeAreFound(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: ingress.warren.dev/v1alpha1\nkind: Task\nmetadata: {name: a}\n"
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"as it should be":          {head + "spec: {serviceName: a, address: 192.0.2.1}", nil},
		"of Kubernetes":            {"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}", nil},
		"of somebody else":         {"apiVersion: example.com/v1\nkind: Any\nspec: {anything: 1}", nil},
		"values":                   {"replicaCount: 3", nil},
		"a list":                   {"- a", nil},
		"a field of no kind":       {head + "spec: {service: a}", []string{`a.md:1: object 1: strict decoding error: unknown field "spec.service"`}},
		"a field of another type":  {head + "spec: {ports: 80}", []string{"a.md:1: object 1: json: cannot unmarshal number into Go struct field TaskSpec.spec.ports of type []v1alpha1.TaskPort"}},
		"a kind that there is not": {"apiVersion: v1\nkind: Servcie", []string{"a.md:1: object 1: v1 has no kind Servcie"}},
		"in the second document": {head + "---\n" + head + "spec: {x: 1}",
			[]string{`a.md:1: object 2: strict decoding error: unknown field "spec.x"`}},
		"a key twice": {"a: 1\na: 2", []string{`a.md:1: object 1: error converting YAML to JSON: yaml: unmarshal errors: line 2: key "a" already set in map`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireSaid(t, checkObjects([]document{{"a.md", 1, test.text}}), test.want...)
		})
	}
}

func TestDocumentsOfAPage(t *testing.T) {
	t.Parallel()
	text := "```yaml\na: 1\n```\n\n- item\n  ```json\n  {}\n  ```\n\n```console\n$ kubectl apply -f - <<'YAML'\napiVersion: v1\nYAML\n" +
		"said\n$ cat <<'X'\nnothing\nX\n```\n\n```hcl\na = 1\n```\n"
	want := []document{{"a.md", 2, "a: 1\n"}, {"a.md", 7, "{}\n"}, {"a.md", 12, "apiVersion: v1\n"}}
	if diff := cmp.Diff(want, readPage("a.md", []byte(text)).documents(), cmp.AllowUnexported(document{})); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
}
