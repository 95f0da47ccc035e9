// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/test/kubeapi"
)

func TestTheAPIServerTakesWhatIsForPrometheus(t *testing.T) {
	c, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	installMonitoring(t, c)
	if err := client.IgnoreAlreadyExists(c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "warren-system"}})); err != nil {
		t.Fatal(err)
	}
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"service.yaml", "monitor.yaml", "rules.yaml"} {
		content, err := os.ReadFile(filepath.Join(checkout, "config", "prometheus", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range parse(t, content) {
			sent := client.ApplyConfigurationFromUnstructured(object)
			if err := c.Apply(t.Context(), sent, client.FieldOwner("kustomize"), client.DryRunAll); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// monitoring has the definitions of the Prometheus operator, as far as the chart writes such objects. The chart's
// objects are applied strictly, so a field that they do not have is refused and not dropped.
const monitoring = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  names: {kind: ServiceMonitor, listKind: ServiceMonitorList, plural: servicemonitors, singular: servicemonitor}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [endpoints, selector]
            properties:
              namespaceSelector: {type: object, properties: {matchNames: {type: array, items: {type: string}}}}
              selector:
                type: object
                properties:
                  matchLabels: {type: object, additionalProperties: {type: string}}
              endpoints:
                type: array
                items:
                  type: object
                  properties:
                    port: {type: string}
                    interval: {type: string, pattern: "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"}
                    scrapeTimeout: {type: string, pattern: "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"}
                    honorLabels: {type: boolean}
                    relabelings:
                      type: array
                      items: {type: object, properties: {targetLabel: {type: string}, replacement: {type: string}, action: {type: string}, regex: {type: string}}}
                    metricRelabelings:
                      type: array
                      items: {type: object, properties: {targetLabel: {type: string}, replacement: {type: string}, action: {type: string}, regex: {type: string}}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: prometheusrules.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  names: {kind: PrometheusRule, listKind: PrometheusRuleList, plural: prometheusrules, singular: prometheusrule}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [groups]
            properties:
              groups:
                type: array
                items:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string, minLength: 1}
                    rules:
                      type: array
                      items:
                        type: object
                        required: [expr]
                        properties:
                          alert: {type: string}
                          expr: {type: string}
                          for: {type: string}
                          labels: {type: object, additionalProperties: {type: string}}
                          annotations: {type: object, additionalProperties: {type: string}}
`

// installMonitoring returns when the API server accepts objects of those definitions.
func installMonitoring(t *testing.T, c client.Client) {
	t.Helper()
	for _, definition := range parse(t, []byte(monitoring)) {
		if err := client.IgnoreAlreadyExists(c.Create(t.Context(), definition)); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []string{"ServiceMonitor", "PrometheusRule"} {
		there := &unstructured.UnstructuredList{}
		there.SetAPIVersion("monitoring.coreos.com/v1")
		there.SetKind(kind + "List")
		err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
			return c.List(ctx, there) == nil, nil
		})
		if err != nil {
			t.Fatalf("waiting for objects of kind %s to be served: %v", kind, err)
		}
	}
}
