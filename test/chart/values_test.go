// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// ofChart reads a file of the chart.
func ofChart(t *testing.T, name string) []byte {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(checkout, "config", "helm", "warren-ingress", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// group reads a file of the chart that has a group of values, or of what they may be.
func group(t *testing.T, name string) map[string]any {
	t.Helper()
	var values map[string]any
	if err := yaml.Unmarshal(ofChart(t, name), &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// schemaNames returns the path of each value that the schema names, and for a former name the path of today's.
func schemaNames(schema map[string]any, under string) map[string]string {
	names := map[string]string{}
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		path := under + name
		property := property.(map[string]any)
		names[path] = path
		alternatives, _ := property["anyOf"].([]any)
		for _, alternative := range alternatives {
			if ref, ok := alternative.(map[string]any)["$ref"].(string); ok {
				names[path] = strings.ReplaceAll(strings.TrimPrefix(ref, "#/properties/"), "/properties/", ".")
			}
		}
		maps.Copy(names, schemaNames(property, path+"."))
	}
	return names
}

// leaves returns the values that are no groups by their paths. What open has is taken whole.
func leaves(values map[string]any, under string, open func(path string) bool) map[string]any {
	all := map[string]any{}
	for name, value := range values {
		path := under + name
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 && !open(path) {
			maps.Copy(all, leaves(inner, path+".", open))
			continue
		}
		all[path] = value
	}
	return all
}

func TestUnknownNamesAreRefusedWithTheNearest(t *testing.T) {
	for value, want := range map[string]string{
		"replica=3":                           `unknown value "replica": did you mean "replicaCount"?`,
		"replicaCont=3":                       `unknown value "replicaCont": did you mean "replicaCount"?`,
		"replicacount=3":                      `unknown value "replicacount": did you mean "replicaCount"?`,
		"controller.replicaCount=3":           `unknown value "controller.replicaCount": did you mean "replicaCount"?`,
		"deployment.replicas=3":               `unknown value "deployment.replicas": did you mean "replicaCount"?`,
		"controller.service.type=NodePort":    `unknown value "controller.service.type": did you mean "service.type"?`,
		"controller.kind=DaemonSet":           `unknown value "controller.kind": did you mean "kind"?`,
		"hosts.shared=true":                   `unknown value "hosts.shared": did you mean "hosts.allowShared"?`,
		"image.repo=a":                        `unknown value "image.repo": did you mean "image.repository"?`,
		"image.registy=a":                     `unknown value "image.registy": did you mean "image.registry"?`,
		"serviceAccount.anotations.a=b":       `unknown value "serviceAccount.anotations.a": did you mean "serviceAccount.annotations"?`,
		"ingressClas=warren":                  `unknown value "ingressClas": did you mean "ingressClassResource.name"?`,
		"metrics.serviceMonitor.labls.a=b":    `unknown value "metrics.serviceMonitor.labls.a": did you mean "metrics.serviceMonitor.labels"?`,
		"controller.extraArgs.a=b":            `unknown value "controller.extraArgs.a": did you mean "extraArgs"?`,
		"service.nodePorts.http=30080":        `unknown value "service.nodePorts.http": did you mean "service.httpNodePort"?`,
		"installCRDs=true":                    `unknown value "installCRDs": did you mean "crds.install"?`,
		"podDisruptionBudgets.enabled=true":   `unknown value "podDisruptionBudgets.enabled": did you mean "podDisruptionBudget.enabled"?`,
		"pdb.enabled=true":                    `unknown value "pdb.enabled": did you mean "podDisruptionBudget.enabled"?`,
		"pdb.minimum=1":                       `unknown value "pdb.minimum": did you mean "podDisruptionBudget"?`,
		"topologySpreadConstraints[0].a=b":    `unknown value "topologySpreadConstraints": did you mean "topologySpread"?`,
		"strategy.type=Recreate":              `unknown value "strategy.type": did you mean "updateStrategy"?`,
		"terminationGracePeriod=30":           `unknown value "terminationGracePeriod": did you mean "terminationGracePeriodSeconds"?`,
		"limits.maxHeadersMemory=0":           `unknown value "limits.maxHeadersMemory": did you mean "limits.maxHeaderMemory"?`,
		"zzz=1":                               `unknown value "zzz": "helm show values" lists those that there are`,
		"replica=3,hostnetwork=true":          "unknown value \"hostnetwork\": did you mean \"hostNetwork\"?\nunknown value \"replica\"",
		"ingressClassResource.enable=true":    `unknown value "ingressClassResource.enable": did you mean "ingressClassResource.enabled"?`,
		"acme.staging=true":                   `unknown value "acme.staging": `,
		"metrics.serviceMonitor.enable=false": `unknown value "metrics.serviceMonitor.enable": did you mean "metrics.serviceMonitor.enabled"?`,
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			if _, err := render(t, value); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want one with %s", err, want)
			}
		})
	}
}

// What is below these is Kubernetes' own, somebody's labels, or other charts'.
func TestNamesBelowOpenValuesAreNotLookedAt(t *testing.T) {
	for _, value := range []string{"resources.claims[0].name=a", "global.somebody.elses=1", "podSecurityContext.fsGroup=1", "securityContext.privileged=false",
		"commonLabels.a=b", "service.annotations.a=b", "affinity.nodeAffinity.a=b", "updateStrategy.type=Recreate", "metrics.dashboard.labels.a=b"} {
		if _, err := render(t, value); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestFormerNamesStandForThoseOfToday(t *testing.T) {
	for former, today := range map[string]string{
		"replicas=3":                        "replicaCount=3",
		"replicas=1,replicaCount=1":         "replicaCount=1",
		"ingressClass=inner":                "ingressClassResource.name=inner",
		"ingressClassResource.create=false": "ingressClassResource.enabled=false",
		"rbac.tasksInEdit=true":             "rbac.aggregate.tasks=true",
		"serviceMonitor.enabled=true,serviceMonitor.labels.release=prometheus,serviceMonitor.interval=15s": "metrics.serviceMonitor.enabled=true," +
			"metrics.serviceMonitor.labels.release=prometheus,metrics.serviceMonitor.interval=15s",
		"prometheusRule.enabled=true,prometheusRule.labels.a=b":                                   "metrics.prometheusRule.enabled=true,metrics.prometheusRule.labels.a=b",
		"dashboard.enabled=true,dashboard.labels.team=edge":                                       "metrics.dashboard.enabled=true,metrics.dashboard.labels.team=edge",
		"serviceMonitor.enabled=true,serviceMonitor.labels.a=b,metrics.serviceMonitor.labels.c=d": "metrics.serviceMonitor.enabled=true,metrics.serviceMonitor.labels.a=b,metrics.serviceMonitor.labels.c=d",
	} {
		t.Run(former, func(t *testing.T) {
			t.Parallel()
			want, err := render(t, today)
			if err != nil {
				t.Fatal(err)
			}
			got, err := render(t, former)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("what is rendered (-with %s +with %s):\n%s", today, former, diff)
			}
			if plain, err := render(t); err != nil || string(plain) == string(got) {
				t.Errorf("%s changes nothing (error: %v)", former, err)
			}
		})
	}
}

func TestAFormerNameThatSaysOtherwiseIsRefused(t *testing.T) {
	for value, want := range map[string]string{
		"replicas=3,replicaCount=4":                                     "replicas is the former name of replicaCount, and both are set: leave replicas out",
		"ingressClass=a,ingressClassResource.name=b":                    "ingressClass is the former name of ingressClassResource.name",
		"serviceMonitor.interval=1m,metrics.serviceMonitor.interval=2m": "serviceMonitor.interval is the former name of metrics.serviceMonitor.interval",
	} {
		if _, err := render(t, value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("with %s the error is %v, want one with %q", value, err, want)
		}
	}
}

// Terraform modules write null for what they leave as it is, and GitOps tools for what an overlay takes out.
func TestEveryValueMayBeNull(t *testing.T) {
	// Without these there is nothing to install.
	needed := []string{"image.repository", "image.pullPolicy", "kind", "accessLog", "service.type", "service.externalTrafficPolicy", "service.httpPort", "service.httpsPort",
		"containerPorts.http", "containerPorts.https", "containerPorts.metrics", "containerPorts.health", "drainDelaySeconds", "drainTimeoutSeconds"}
	names := schemaNames(group(t, "values.schema.json"), "")
	var all, on []string
	for path := range leaves(group(t, "values.yaml"), "", func(path string) bool { _, named := names[path]; return !named }) {
		switch {
		case slices.Contains(needed, path):
			continue
		case strings.HasSuffix(path, ".enabled"):
			on = append(on, path+"=true")
		default:
			on = append(on, path+"=null")
		}
		all = append(all, path+"=null")
	}
	for name, values := range map[string][]string{"all": all, "all of what is on": on} {
		t.Run(name, func(t *testing.T) {
			rendered, err := render(t, values...)
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range parse(t, rendered) {
				if at := emptyArgument(object); at != "" {
					t.Errorf("the controller gets %s", at)
				}
			}
		})
	}
}

// emptyArgument returns an argument of the controller that has no value after its equals sign, or one of no value.
func emptyArgument(object *unstructured.Unstructured) string {
	arguments, _ := look(object, container+" args").([]any)
	for _, a := range arguments {
		if s := a.(string); strings.HasSuffix(s, "=") || strings.Contains(s, "<nil>") {
			return s
		}
	}
	return ""
}

// With --reuse-values Helm renders a new chart by the defaults of the one that was installed, and has no new ones.
func TestAnUpgradeWithReusedValuesKeepsWhatThereWas(t *testing.T) {
	former, err := os.ReadFile(filepath.Join("testdata", "values-0.2.0.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	chart := t.TempDir()
	if err := os.CopyFS(chart, os.DirFS(filepath.Join(checkout, "config", "helm", "warren-ingress"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(chart, "values.yaml"), former, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, values := range []string{"", "replicas=3,ingressClass=inner,serviceMonitor.enabled=true,dashboard.enabled=true", "kind=DaemonSet,hostPorts.http=80"} {
		want, err := render(t, values)
		if err != nil {
			t.Fatal(err)
		}
		got, err := renderChart(t, chart, values)
		if err != nil {
			t.Fatal(err)
		}
		// Flags that are written with their defaults are left out there.
		written := regexp.MustCompile(`(?m)^ +- --(max|min|read|write|idle|tunnel-idle|host-claim)-.*\n`)
		if diff := cmp.Diff(written.ReplaceAllString(string(want), ""), string(got)); diff != "" {
			t.Errorf("with %q, what is rendered (-by the defaults of today +by the former ones):\n%s", values, diff)
		}
	}
}

// Argo CD renders without a cluster, as "helm template" does: what is looked up is not there then.
func TestNothingIsLookedUpOrMadeByChance(t *testing.T) {
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(checkout, "config", "helm", "warren-ingress", "templates", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no templates: %v", err)
	}
	comment := regexp.MustCompile(`(?s)\{\{-? /\*.*?\*/`)
	unsteady := regexp.MustCompile(`\{\{[^}]*[^$\w."](lookup|now|uuidv4|rand(Alpha|Numeric|Ascii|Int|Bytes)|gen(CA|SelfSigned|Signed|PrivateKey)|htpasswd|getHostByName)\b`)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // It is the folder of tests.
		}
		if found := unsteady.Find(comment.ReplaceAll(content, nil)); found != nil {
			t.Errorf("%s has %s", filepath.Base(file), found)
		}
	}
}
