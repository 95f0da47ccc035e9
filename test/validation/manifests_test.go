// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// checkoutFile returns the content of a file of the checkout.
func checkoutFile(t *testing.T, path string) []byte {
	t.Helper()
	root, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// requireManifestAccepted checks that the API server accepts every object of a manifest, in the namespace "default". It
// returns how many there are.
func requireManifestAccepted(t *testing.T, manifest []byte) int {
	t.Helper()
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifest)))
	count := 0
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatalf("reading the manifest: %v", err)
		}
		made := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(document, &made.Object); err != nil {
			t.Fatalf("parsing the manifest: %v\n%s", err, document)
		}
		made.SetNamespace("default")
		kept := requireAccepted(t, made)
		if kept.GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
			requireDecodes(t, kept)
		}
		count++
	}
}

func TestSamplesAreAccepted(t *testing.T) {
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
		t.Run(name, func(t *testing.T) {
			if requireManifestAccepted(t, checkoutFile(t, filepath.Join("config/samples", name))) == 0 {
				t.Error("there is no object in it")
			}
		})
	}
}

func TestExamplesAreAccepted(t *testing.T) {
	root, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "examples/*/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("finding the examples: %v", err)
	}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		name := filepath.Join("examples", filepath.Base(filepath.Dir(file)), filepath.Base(file))
		t.Run(name, func(t *testing.T) {
			if requireManifestAccepted(t, checkoutFile(t, name)) == 0 {
				t.Error("there is no object in it")
			}
		})
	}
}

// Nothing is ordered for a host that no rule has.
func TestHostsOfSamplesThatAreOrderedHaveRules(t *testing.T) {
	root, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "config/samples/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	routed, ordered := map[string]bool{}, map[string]string{}
	for _, file := range files {
		for document := range bytes.SplitSeq(checkoutFile(t, filepath.Join("config/samples", filepath.Base(file))), []byte("\n---\n")) {
			var sample struct {
				APIVersion, Kind string
				Spec             struct {
					Hosts     []string
					AutoRenew *bool
					Rules     []struct{ Host string }
				}
			}
			if err := yaml.Unmarshal(document, &sample); err != nil {
				t.Fatalf("parsing %s: %v", file, err)
			}
			if !strings.HasPrefix(sample.APIVersion, v1alpha1.GroupVersion.Group+"/") {
				continue
			}
			for _, rule := range sample.Spec.Rules {
				routed[rule.Host] = true
			}
			if sample.Kind == "TLSCertificate" && (sample.Spec.AutoRenew == nil || *sample.Spec.AutoRenew) {
				for _, host := range sample.Spec.Hosts {
					ordered[host] = filepath.Base(file)
				}
			}
		}
	}
	if len(ordered) == 0 {
		t.Error("no sample is a TLSCertificate that is ordered")
	}
	for host, file := range ordered {
		if !routed[host] {
			t.Errorf("%s has the host %s, and no sample Ingress has a rule for it", file, host)
		}
	}
}

func TestSamplesOfWhatIsActedOnAreInTheKustomization(t *testing.T) {
	var kustomization struct {
		Resources []string `json:"resources"`
	}
	if err := yaml.Unmarshal(checkoutFile(t, "config/samples/kustomization.yaml"), &kustomization); err != nil {
		t.Fatalf("parsing the kustomization: %v", err)
	}
	slices.Sort(kustomization.Resources)
	want := []string{"ingress_demo.yaml", "ingress_policies.yaml", "ingress_standard.yaml", "ingress_wildcard.yaml", "routepolicy_limits.yaml", "service_shop.yaml", "task_api.yaml", "task_web.yaml"}
	if diff := cmp.Diff(want, kustomization.Resources); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}

// Every example of the pages can be applied as it is, if it is an object that the API server has by itself, by our
// definitions or by those of the Gateway API.
func TestExamplesOfTheDocumentsAreAccepted(t *testing.T) {
	root, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	if err := kubeapi.DefineGatewayAPI(api.Config(t)); err != nil {
		t.Fatal(err)
	}
	accepted := map[string]int{}
	for _, pattern := range []string{"README.md", "docs/*.md", "docs/recipes/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			page, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			for i, example := range fenced(string(checkoutFile(t, page)), "yaml") {
				for j, document := range strings.Split(example, "\n---\n") {
					if !isOfTheAPI(document) {
						continue
					}
					t.Run(page+" "+strconv.Itoa(i)+" "+strconv.Itoa(j), func(t *testing.T) {
						accepted[page] += requireManifestAccepted(t, []byte(document))
					})
				}
			}
		}
	}
	for _, page := range []string{"docs/ingress.md", "docs/task.md", "docs/tlscertificate.md", "docs/standard-ingress.md"} {
		if accepted[page] == 0 {
			t.Errorf("%s has no example", page)
		}
	}
}

// isOfTheAPI says whether a document is an object that the API server of the tests has: one of our kinds or of
// Kubernetes' own, and neither values of a chart nor an object of another project.
func isOfTheAPI(document string) bool {
	var head struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal([]byte(document), &head); err != nil {
		return false // A list, for instance.
	}
	group, _, isNamed := strings.Cut(head.APIVersion, "/")
	switch {
	case head.Kind == "" || head.APIVersion == "" || group == "kustomize.config.k8s.io":
		return false
	case !isNamed || !strings.Contains(group, "."):
		return true
	}
	return group == v1alpha1.GroupVersion.Group || strings.HasSuffix(group, ".k8s.io")
}

// fenced returns the code blocks of a language in a Markdown page.
func fenced(page, language string) []string {
	var blocks []string
	for _, part := range strings.Split(page, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```")
		blocks = append(blocks, block)
	}
	return blocks
}
