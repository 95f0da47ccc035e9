// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// kubectlApply applies a manifest in a namespace. It returns what kubectl says of each object.
func kubectlApply(t *testing.T, namespace string, manifest []byte) []string {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	kubeconfig := filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(kubeconfig, api.Kubeconfig(t), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(checkout, "bin", "kube", "kubectl"), "--kubeconfig="+kubeconfig,
		"--cache-dir="+filepath.Join(folder, "cache"), "--namespace="+namespace, "apply", "-f", "-")
	command.Stdin = bytes.NewReader(manifest)
	var said, complaint strings.Builder
	command.Stdout, command.Stderr = &said, &complaint
	if err := command.Run(); err != nil {
		t.Fatalf("kubectl apply: %v\n%s%s", err, said.String(), complaint.String())
	}
	return strings.Split(strings.TrimSpace(said.String()), "\n")
}

// requireUnchanged applies a manifest twice. The second time kubectl has to find every object as it was applied.
func requireUnchanged(t *testing.T, manifest []byte) {
	t.Helper()
	namespace := kubeapi.Namespace(t, api.Config(t))
	kubectlApply(t, namespace, manifest)
	for _, said := range kubectlApply(t, namespace, manifest) {
		if !strings.HasSuffix(said, " unchanged") {
			t.Errorf("applied once more, kubectl says %q", said)
		}
	}
}

// withoutNamespaces returns a manifest whose objects are in the namespace that they are applied in.
func withoutNamespaces(t *testing.T, manifest string) []byte {
	t.Helper()
	documents := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(manifest)))
	var all bytes.Buffer
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return all.Bytes()
		}
		if err != nil {
			t.Fatalf("reading the manifest: %v", err)
		}
		made := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(document, &made.Object); err != nil {
			t.Fatalf("parsing the manifest: %v\n%s", err, document)
		}
		unstructured.RemoveNestedField(made.Object, "metadata", "namespace")
		written, err := yaml.Marshal(made.Object)
		if err != nil {
			t.Fatalf("encoding the manifest: %v", err)
		}
		all.WriteString("---\n")
		all.Write(written)
	}
}

func TestWhatIsAppliedOnceMoreIsUnchanged(t *testing.T) {
	root, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "config/samples/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if name == "kustomization.yaml" {
			continue
		}
		t.Run(name, func(t *testing.T) { requireUnchanged(t, checkoutFile(t, filepath.Join("config/samples", name))) })
	}
	for _, page := range []string{"docs/ingress.md", "docs/task.md", "docs/tlscertificate.md"} {
		for i, example := range fenced(string(checkoutFile(t, page)), "yaml") {
			t.Run(page+" "+strconv.Itoa(i), func(t *testing.T) { requireUnchanged(t, withoutNamespaces(t, example)) })
		}
	}
}

// What applies a manifest again compares lists as a whole: a default below one would make it another list.
func TestSchemaHasNoDefaultsInLists(t *testing.T) {
	root, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "config/crd/bases/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("there is no definition")
	}
	for _, file := range files {
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(checkoutFile(t, filepath.Join("config/crd/bases", filepath.Base(file))), &definition); err != nil {
			t.Fatalf("parsing %s: %v", file, err)
		}
		for _, version := range definition.Spec.Versions {
			for _, at := range defaultsInLists(version.Schema.OpenAPIV3Schema, definition.Spec.Names.Kind, false) {
				t.Errorf("%s has a default: say in its comment what is meant where it is absent, and apply that where it is read", at)
			}
		}
	}
}

// defaultsInLists returns the fields of a schema that have a default and stand below a list.
func defaultsInLists(schema *apiextensionsv1.JSONSchemaProps, at string, inList bool) (found []string) {
	if inList && schema.Default != nil {
		found = append(found, at)
	}
	for name, property := range schema.Properties {
		found = append(found, defaultsInLists(&property, at+"."+name, inList)...)
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		found = append(found, defaultsInLists(schema.AdditionalProperties.Schema, at+".*", inList)...)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		found = append(found, defaultsInLists(schema.Items.Schema, at+"[]", true)...)
	}
	return found
}
