// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/test/kubeapi"
)

var api kubeapi.Shared

func TestMain(m *testing.M) { os.Exit(api.Run(m)) }

// render has Helm render the chart with values that are written as for --set.
func render(t *testing.T, values ...string) ([]byte, error) {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{"template", "edge", filepath.Join(checkout, "config", "helm", "warren-ingress"), "--namespace=edge-system"}
	for _, value := range values {
		arguments = append(arguments, "--set="+value)
	}
	var complaint bytes.Buffer
	command := exec.CommandContext(t.Context(), filepath.Join(checkout, "bin", "helm"), arguments...)
	command.Stderr = &complaint
	rendered, err := command.Output()
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf(`%v: run "make bin/helm"`, err)
	}
	if err != nil {
		return nil, errors.New(complaint.String())
	}
	return rendered, nil
}

func parse(t *testing.T, manifests []byte) (objects []*unstructured.Unstructured) {
	t.Helper()
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096); ; {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(object); {
		case errors.Is(err, io.EOF):
			return objects
		case err != nil:
			t.Fatalf("parsing what the chart renders to: %v", err)
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}

func TestTheAPIServerTakesWhatTheChartRendersTo(t *testing.T) {
	c, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"edge-system", "shop", "blog"} {
		if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name   string
		values []string
		// with and without are objects that must and must not be there.
		with, without []string
	}{
		{"the defaults", nil,
			[]string{"Deployment edge-warren-ingress", "ClusterRole edge-system-edge-warren-ingress", "PodDisruptionBudget edge-warren-ingress",
				"CustomResourceDefinition ingresses.ingress.warren.dev"},
			[]string{"HorizontalPodAutoscaler edge-warren-ingress", "NetworkPolicy edge-warren-ingress", "Role edge-warren-ingress-watch"}},
		{"ports of each node", []string{"kind=DaemonSet", "hostPorts.http=80", "hostPorts.https=443", "service.type=ClusterIP", "publishAddress=203.0.113.7"},
			[]string{"DaemonSet edge-warren-ingress"}, []string{"Deployment edge-warren-ingress"}},
		{"a DaemonSet behind a load balancer", []string{"kind=DaemonSet", "service.externalTrafficPolicy=Cluster"},
			[]string{"DaemonSet edge-warren-ingress"}, nil},
		{"some namespaces", []string{"watchNamespaces={shop,blog}"},
			[]string{"Role edge-warren-ingress-watch", "RoleBinding edge-warren-ingress-watch", "Role edge-warren-ingress"},
			[]string{"ClusterRole edge-system-edge-warren-ingress", "ClusterRoleBinding edge-system-edge-warren-ingress"}},
		{"autoscaling", []string{"autoscaling.enabled=true", "service.type=NodePort"}, []string{"HorizontalPodAutoscaler edge-warren-ingress"}, nil},
		{"a network policy", []string{"networkPolicy.enabled=true"}, []string{"NetworkPolicy edge-warren-ingress"}, nil},
		{"without definitions and budget", []string{"crds.install=false", "podDisruptionBudget.enabled=false"},
			nil, []string{"CustomResourceDefinition ingresses.ingress.warren.dev", "PodDisruptionBudget edge-warren-ingress"}},
		{"everything about pods", []string{"podLabels.team=edge", "podAnnotations.note=hello", "nodeSelector.zone=a", "priorityClassName=system-cluster-critical",
			"tolerations[0].operator=Exists", "imagePullSecrets[0].name=registry", "extraArgs={--access-log=json}", "drainDelaySeconds=20",
			"image.digest=sha256:" + strings.Repeat("0123456789abcdef", 4)}, []string{"Deployment edge-warren-ingress"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := render(t, test.values...)
			if err != nil {
				t.Fatal(err)
			}
			there := map[string]bool{}
			for _, object := range parse(t, rendered) {
				there[object.GetKind()+" "+object.GetName()] = true
				sent := client.ApplyConfigurationFromUnstructured(object)
				if err := c.Apply(t.Context(), sent, client.FieldOwner("chart"), client.ForceOwnership, client.DryRunAll); err != nil {
					t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
				}
			}
			for _, name := range test.with {
				if !there[name] {
					t.Errorf("there is no %s", name)
				}
			}
			for _, name := range test.without {
				if there[name] {
					t.Errorf("there is a %s", name)
				}
			}
		})
	}
}

func TestValuesThatMeanNothingAreRefused(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"an unknown value", "replica=3", "additional properties 'replica' not allowed"},
		{"an unknown kind", "kind=StatefulSet", "/kind"},
		{"no replica", "replicas=0", "/replicas"},
		{"a tag for a digest", "image.digest=v1", "/image/digest"},
		{"an argument that is no flag", "extraArgs={json}", "/extraArgs/0"},
		{"an autoscaled DaemonSet", "kind=DaemonSet,autoscaling.enabled=true", "autoscaling is for kind: Deployment"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := render(t, test.value); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one with %q", err, test.want)
			}
		})
	}
}
