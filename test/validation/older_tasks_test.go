// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"errors"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/test/fixture"
)

// A Task that is older than the bounds of health checks can still be changed elsewhere, and so can its status. What
// changes the health check has to keep to them.
func TestTasksThatAreOlderThanTheBoundsCanBeChangedElsewhere(t *testing.T) {
	kube, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../config/crd/bases/ingress.warren.dev_tasks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// The definition is one of another group, so that no other test sees it without the bounds.
	definition := func(change func(string) string) *unstructured.Unstructured {
		parsed := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(change(strings.ReplaceAll(string(text), "ingress.warren.dev", "older.warren.dev"))), parsed); err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	unbounded := definition(func(s string) string {
		return strings.NewReplacer("duration(''1s'')", "duration(''100ms'')", "duration(''60s'')", "duration(''99h'')").Replace(s)
	})
	if err := kube.Create(t.Context(), unbounded); err != nil {
		t.Fatal(err)
	}
	task := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"serviceName": "api", "address": "192.168.1.10",
		"healthCheck": map[string]any{"port": int64(80), "interval": "24h", "timeout": "24h"}}}}
	task.SetGroupVersionKind(schema.GroupVersionKind{Group: "older.warren.dev", Version: "v1alpha1", Kind: "Task"})
	task.SetNamespace("default")
	task.SetName("older")
	fixture.Eventually(t, func() error { return kube.Create(t.Context(), task) })

	bounded := definition(func(s string) string { return s })
	bounded.SetResourceVersion(unbounded.GetResourceVersion())
	fixture.Eventually(t, func() error {
		current := &unstructured.Unstructured{}
		current.SetGroupVersionKind(unbounded.GroupVersionKind())
		if err := kube.Get(t.Context(), client.ObjectKeyFromObject(unbounded), current); err != nil {
			return err
		}
		bounded.SetResourceVersion(current.GetResourceVersion())
		return kube.Update(t.Context(), bounded)
	})
	patch := func(text string) client.Patch { return client.RawPatch("application/merge-patch+json", []byte(text)) }
	// The API server takes a moment to go by the new definition.
	fixture.Eventually(t, func() error {
		err := kube.Patch(t.Context(), task.DeepCopy(), patch(`{"spec": {"healthCheck": {"timeout": "23h"}}}`), client.DryRunAll)
		if err == nil || !strings.Contains(err.Error(), "timeout must be at most 60s") {
			return errAgain("a timeout of 23h is taken: ", err)
		}
		return nil
	})
	for _, of := range []struct {
		name string
		err  error
	}{
		{"the weight", kube.Patch(t.Context(), task.DeepCopy(), patch(`{"spec": {"weight": 7}}`))},
		{"the status", kube.Status().Patch(t.Context(), task.DeepCopy(), patch(`{"status": {"health": "Healthy"}}`))},
		{"the path of the check", kube.Patch(t.Context(), task.DeepCopy(), patch(`{"spec": {"healthCheck": {"path": "/health"}}}`))},
	} {
		if of.err != nil {
			t.Errorf("changing %s: %v", of.name, of.err)
		}
	}
}

// errAgain is why something is tried again.
func errAgain(text string, err error) error {
	if err != nil {
		return err
	}
	return errors.New(text)
}
