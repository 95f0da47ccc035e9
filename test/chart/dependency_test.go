// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// parent makes a chart that has this one as dependencies, under these names.
func parent(t *testing.T, aliases ...string) string {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "charts", "warren-ingress"), os.DirFS(filepath.Join(checkout, "config", "helm", "warren-ingress"))); err != nil {
		t.Fatal(err)
	}
	text := "apiVersion: v2\nname: platform\nversion: 1.0.0\ndependencies:\n"
	for _, alias := range aliases {
		text += "- {name: warren-ingress, version: '*', alias: " + alias + ", condition: " + alias + ".enabled}\n"
	}
	if err := os.WriteFile(filepath.Join(folder, "Chart.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// above makes a chart that has another chart, in a folder, as a dependency.
func above(t *testing.T, folder, name, condition string) string {
	t.Helper()
	top := t.TempDir()
	if err := os.CopyFS(filepath.Join(top, "charts", name), os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	text := "apiVersion: v2\nname: company\nversion: 1.0.0\ndependencies:\n- {name: " + name + ", version: '*', condition: " + condition + "}\n"
	if err := os.WriteFile(filepath.Join(top, "Chart.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return top
}

func TestADependencyOfADependencyHeedsWhatIsSaidAtTheTop(t *testing.T) {
	c, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.IgnoreAlreadyExists(c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "edge-system"}})); err != nil {
		t.Fatal(err)
	}
	chart := above(t, parent(t, "inner", "outer"), "platform", "platform.enabled")
	both := []string{"platform.inner.enabled=true", "platform.outer.enabled=true", "platform.outer.ingressClassResource.name=outer", "platform.outer.crds.install=false"}
	for _, test := range []struct {
		name   string
		values []string
		want   map[string]any
	}{
		{"both", nil, map[string]any{"Deployment": []any{"Deployment edge-inner", "Deployment edge-outer"}}},
		{"one", []string{"platform.inner.enabled=false"}, map[string]any{"Deployment": []any{"Deployment edge-outer"}}},
		{"none, by the condition in between", []string{"platform.enabled=false"}, map[string]any{"": nil}},
		{"what is global", []string{"global.imageRegistry=mirror.example.com", "global.commonLabels.team=all", "global.somebody.elses=true"}, map[string]any{
			"Deployment edge-inner " + container + " image": "mirror.example.com/warren-ingress:dev", "Service edge-outer metadata labels team": "all"}},
		{"what is global from the chart in between on", []string{"platform.global.priorityClassName=high", "platform.global.imagePullSecrets={mirror}"}, map[string]any{
			"Deployment edge-inner " + pod + " priorityClassName": "high",
			"Deployment edge-outer " + pod + " imagePullSecrets":  []any{map[string]any{"name": "mirror"}}}},
		{"what is global at the top goes before it", []string{"platform.global.logLevel=debug", "global.logLevel=error"}, map[string]any{
			"Deployment edge-outer --zap-log-level": "error"}},
		{"what is for one", []string{"platform.inner.replicaCount=5", "platform.outer.replicas=4"}, map[string]any{
			"Deployment edge-inner spec replicas": int64(5), "Deployment edge-outer spec replicas": int64(4)}},
		{"no fixed user", []string{"platform.inner.podSecurityContext.runAsUser=null", "platform.inner.podSecurityContext.runAsGroup=null"}, map[string]any{
			"Deployment edge-inner " + pod + " securityContext runAsUser": nil, "Deployment edge-outer " + pod + " securityContext runAsUser": int64(65532)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := renderChart(t, chart, append(slices.Clone(both), test.values...)...)
			if err != nil {
				t.Fatal(err)
			}
			objects := parse(t, rendered)
			for _, at := range slices.Sorted(maps.Keys(test.want)) {
				if diff := cmp.Diff(test.want[at], found(objects, at)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", at, diff)
				}
			}
			for _, object := range objects {
				sent := client.ApplyConfigurationFromUnstructured(object)
				if err := c.Apply(t.Context(), sent, client.FieldOwner("chart"), client.ForceOwnership, client.DryRunAll); err != nil {
					t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
				}
			}
		})
	}
	want := `unknown value "replica": did you mean "replicaCount"?`
	if _, err := renderChart(t, chart, append(both, "platform.inner.replica=3")...); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("with an unknown value the error is %v, want one with %s", err, want)
	}
}

// A chart in between has defaults of its own for its dependencies, and who is above it may say otherwise.
func TestTheChartInBetweenSaysWhatIsEnabled(t *testing.T) {
	between := parent(t, "inner", "outer")
	defaults := "global: {logLevel: debug}\ninner: {enabled: true}\nouter: {enabled: false, ingressClassResource: {name: outer}, crds: {install: false}}\n"
	if err := os.WriteFile(filepath.Join(between, "values.yaml"), []byte(defaults), 0o600); err != nil {
		t.Fatal(err)
	}
	chart := above(t, between, "platform", "platform.enabled")
	for _, test := range []struct {
		name   string
		values []string
		want   []any
		level  any
	}{
		{"as it says", nil, []any{"Deployment edge-inner"}, "debug"},
		{"otherwise", []string{"platform.inner.enabled=false", "platform.outer.enabled=true"}, []any{"Deployment edge-outer"}, nil},
		{"with what is global", []string{"global.logLevel=error"}, []any{"Deployment edge-inner"}, "error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := renderChart(t, chart, test.values...)
			if err != nil {
				t.Fatal(err)
			}
			objects := parse(t, rendered)
			if diff := cmp.Diff(any(test.want), found(objects, "Deployment")); diff != "" {
				t.Errorf("Deployments (-want +got):\n%s", diff)
			}
			if level := found(objects, "Deployment edge-inner --zap-log-level"); level != test.level {
				t.Errorf("the level of the log is %v, want %v", level, test.level)
			}
		})
	}
}

func TestAParentChartMayHaveItTwiceAndOnACondition(t *testing.T) {
	chart := parent(t, "inner", "outer")
	for _, test := range []struct {
		name   string
		values []string
		want   []string
	}{
		{"both", []string{"inner.enabled=true", "outer.enabled=true"}, []string{"edge-inner", "edge-outer"}},
		{"one", []string{"inner.enabled=true", "outer.enabled=false"}, []string{"edge-inner"}},
		{"none", []string{"inner.enabled=false", "outer.enabled=false"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := renderChart(t, chart, append([]string{"outer.ingressClass=outer", "outer.crds.install=false"}, test.values...)...)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			var deployments []string
			var selectors []string
			for _, object := range parse(t, rendered) {
				id := object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
				if seen[id] {
					t.Errorf("there are two of %s", id)
				}
				seen[id] = true
				if object.GetKind() != "Deployment" {
					continue
				}
				deployments = append(deployments, object.GetName())
				selector, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector", "matchLabels")
				selectors = append(selectors, selector["app.kubernetes.io/instance"])
			}
			slices.Sort(deployments)
			if diff := cmp.Diff(test.want, deployments); diff != "" {
				t.Errorf("Deployments (-want +got):\n%s", diff)
			}
			slices.Sort(selectors)
			if diff := cmp.Diff(test.want, selectors); diff != "" {
				t.Errorf("instances that their pods are selected by (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAliasBecomesANameThatTheAPIServerTakes(t *testing.T) {
	c, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.IgnoreAlreadyExists(c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "edge-system"}})); err != nil {
		t.Fatal(err)
	}
	long := "a-name-that-is-as-long-as-helm-lets-it-be-for-a-dependency-of-a-parent"
	for alias, want := range map[string]string{long: ("edge-" + long)[:63], "innerEdge": "edge-inner-edge", "inner_edge": "edge-inner-edge", "Inner": "edge-inner", "EU_Edge2": "edge-eu-edge2",
		"inner_": "edge-inner", "edge2b": "edge-edge2b"} {
		t.Run(alias, func(t *testing.T) {
			rendered, err := renderChart(t, parent(t, alias), alias+".enabled=true", alias+".networkPolicy.enabled=true")
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range parse(t, rendered) {
				sent := client.ApplyConfigurationFromUnstructured(object)
				if err := c.Apply(t.Context(), sent, client.FieldOwner("chart"), client.ForceOwnership, client.DryRunAll); err != nil {
					t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
				}
				if object.GetKind() != "Service" {
					continue
				}
				if object.GetName() != want {
					t.Errorf("the Service is %s, want %s", object.GetName(), want)
				}
				instance, _, _ := unstructured.NestedString(object.Object, "spec", "selector", "app.kubernetes.io/instance")
				if instance != want {
					t.Errorf("the Service selects the instance %s, want %s", instance, want)
				}
			}
		})
	}
}

// The version before had no alias in its names. An object of another name is deleted by an upgrade, and with the
// ServiceAccount all that the controller owns.
func TestUnderAnAliasTheNamesOfTheVersionBeforeMayBeKept(t *testing.T) {
	values := []string{"fullnameOverride=edge-warren-ingress", "serviceMonitor.enabled=true", "prometheusRule.enabled=true", "dashboard.enabled=true",
		"networkPolicy.enabled=true", "autoscaling.enabled=true", "watchNamespaces={shop}"}
	before, err := render(t, values[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	for i, value := range values {
		values[i] = "inner." + value
	}
	chart := parent(t, "inner", "outer")
	now, err := renderChart(t, chart, append(values, "inner.enabled=true", "outer.enabled=false")...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(identities(t, before), identities(t, now)); diff != "" {
		t.Errorf("names, and what pods are selected by (-of the version before +now):\n%s", diff)
	}
}

// identities returns what an upgrade cannot change of each object: its name, and by which labels it selects pods.
func identities(t *testing.T, rendered []byte) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, object := range parse(t, rendered) {
		labels := []string{}
		for _, path := range [][]string{{"spec", "selector"}, {"spec", "selector", "matchLabels"}, {"spec", "podSelector", "matchLabels"},
			{"spec", "template", "metadata", "labels"}} {
			found, _, _ := unstructured.NestedStringMap(object.Object, path...)
			for _, name := range slices.Sorted(maps.Keys(found)) {
				if name != "helm.sh/chart" {
					labels = append(labels, strings.Join(path, ".")+": "+name+"="+found[name])
				}
			}
		}
		all[object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName()] = labels
	}
	return all
}

func TestANameThatIsGivenIsThatOfAllObjects(t *testing.T) {
	rendered, err := renderChart(t, parent(t, "inner", "outer"), "inner.enabled=true", "inner.fullnameOverride=one", "outer.enabled=true",
		"outer.fullnameOverride=edge-warren-ingress", "outer.ingressClass=outer", "outer.crds.install=false")
	if err != nil {
		t.Fatal(err)
	}
	instances := map[string]string{}
	for _, object := range parse(t, rendered) {
		if object.GetKind() == "Service" {
			instances[object.GetName()], _, _ = unstructured.NestedString(object.Object, "spec", "selector", "app.kubernetes.io/instance")
		}
	}
	if diff := cmp.Diff(map[string]string{"one": "one", "edge-warren-ingress": "edge"}, instances); diff != "" {
		t.Errorf("Services and the instances that they select (-want +got):\n%s", diff)
	}
}

func TestTheRegistryOfAParentChartIsHeeded(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []string
		want   string
	}{
		{"none", nil, "docker.io/warren-ingress:dev"},
		{"another", []string{"global.imageRegistry=registry.example.com:5000/mirror/"}, "registry.example.com:5000/mirror/warren-ingress:dev"},
		{"for a repository without one", []string{"global.imageRegistry=registry.example.com", "image.repository=team/warren"}, "registry.example.com/team/warren:dev"},
		{"in place of a port", []string{"global.imageRegistry=registry.example.com", "image.repository=localhost:5000/team/warren", "image.tag=v1"},
			"registry.example.com/team/warren:v1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := render(t, test.values...)
			if err != nil {
				t.Fatal(err)
			}
			var images []string
			for line := range strings.SplitSeq(string(rendered), "\n") {
				if _, image, ok := strings.Cut(line, " image: "); ok {
					images = append(images, image)
				}
			}
			if len(images) == 0 || slices.ContainsFunc(images, func(image string) bool { return image != test.want }) {
				t.Errorf("the images are %v, want %s", images, test.want)
			}
		})
	}
}

// Kustomize and others refuse a key that stands twice, which Helm lets pass.
func TestNoKeyStandsTwice(t *testing.T) {
	rendered, err := render(t, "podLabels.app\\.kubernetes\\.io/version=v7", "podAnnotations.kubectl\\.kubernetes\\.io/default-container=other",
		"networkPolicy.enabled=true", "serviceMonitor.enabled=true", "prometheusRule.enabled=true", "autoscaling.enabled=true")
	if err != nil {
		t.Fatal(err)
	}
	for document := range bytes.SplitSeq(rendered, []byte("\n---\n")) {
		if err := strictYAML(document); err != nil {
			t.Errorf("%v in\n%.300s", err, document)
		}
	}
}

// strictYAML says whether a document has a key twice.
func strictYAML(document []byte) error {
	var object map[string]any
	return yaml.UnmarshalStrict(document, &object)
}
