// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"context"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func untypedClient(t *testing.T) client.Client {
	t.Helper()
	kube, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	return kube
}

// until asks again and again until holds returns true, for as long as an API server may take.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true,
		func(context.Context) (bool, error) { return holds(), nil })
	if err != nil {
		t.Fatalf("waiting until %s: %v", what, err)
	}
}

// Helm, and kubectl with --validate=warn, let the API server drop an unknown field. What is left must not mean "off".
func TestAPolicyThatLosesItsOnlyFieldIsRefused(t *testing.T) {
	for policy, want := range map[string]string{
		"accessControl: {allowList: [10.0.0.0/8]}":                     "accessControl keeps nobody out",
		"accessControl: {allowedIps: [10.0.0.0/8]}":                    "accessControl keeps nobody out",
		"rateLimit: {rps: 10}":                                         "requestsPerSecond: Required value",
		"headers: {delete: [Server]}":                                  "headers changes nothing",
		"headers: {set: {X-A: b}, response: {delete: [Server]}}":       "headers.response changes nothing",
		"rewrite: {strip: /v1}":                                        "rewrite needs one of",
		"loadBalancing: {policy: Hash, on: ClientIP}":                  "policy Hash needs hashOn",
		"accessControl: {deniedIPs: [], allow: [10.0.0.0/8]}":          "accessControl keeps nobody out",
		"accessControl: {allowedIPs: [], deniedIPs: [203.0.113.0/24]}": "allowedIPs is empty",
	} {
		for _, validation := range []string{"Warn", "Ignore"} {
			sent := object(t, v1alpha1.IngressKind, withPolicy(policy))
			err := untypedClient(t).Create(t.Context(), sent, client.DryRunAll, client.FieldValidation(validation))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %s: %v, want it refused with %q", policy, validation, err, want)
			}
		}
	}
}

// An object was stored before the schema refused it. The API server has to accept its status and labels, and to refuse
// it once it is edited.
func TestAnObjectOfAnOlderSchemaCanStillHaveItsStatusWritten(t *testing.T) {
	kube := untypedClient(t)
	crd := &unstructured.Unstructured{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	if err := kube.Get(t.Context(), client.ObjectKey{Name: "ingresses.ingress.warren.dev"}, crd); err != nil {
		t.Fatalf("reading the definition: %v", err)
	}
	newer := crd.Object["spec"]
	older := crd.DeepCopy()
	versions, _, _ := unstructured.NestedSlice(older.Object, "spec", "versions")
	path := []string{"schema", "openAPIV3Schema", "properties", "spec", "properties", "rules", "items", "properties", "paths", "items", "properties"}
	properties, found, err := unstructured.NestedMap(versions[0].(map[string]any), path...)
	if err != nil || !found {
		t.Fatalf("the definition has no paths: %v", err)
	}
	for _, policy := range []string{"accessControl", "headers"} {
		delete(properties[policy].(map[string]any), "x-kubernetes-validations")
	}
	if err := unstructured.SetNestedMap(versions[0].(map[string]any), properties, path...); err != nil {
		t.Fatal(err)
	}
	if err := unstructured.SetNestedSlice(older.Object, versions, "spec", "versions"); err != nil {
		t.Fatal(err)
	}
	install := func(spec any) {
		t.Helper()
		current := crd.DeepCopy()
		if err := kube.Get(t.Context(), client.ObjectKeyFromObject(crd), current); err != nil {
			t.Fatalf("reading the definition: %v", err)
		}
		current.Object["spec"] = spec
		if err := kube.Update(t.Context(), current); err != nil {
			t.Fatalf("writing the definition: %v", err)
		}
	}
	install(older.Object["spec"])
	stored := object(t, v1alpha1.IngressKind, withPolicy("accessControl: {}, headers: {}"))
	// The API server takes a moment to use a definition after it was written.
	until(t, "the older definition is taken in", func() bool { return kube.Create(t.Context(), stored.DeepCopy()) == nil })
	install(newer)
	until(t, "the newer definition is taken in", func() bool {
		other := object(t, v1alpha1.IngressKind, withPolicy("accessControl: {}"))
		other.SetName("other")
		return apierrors.IsInvalid(kube.Create(t.Context(), other, client.DryRunAll))
	})

	if err := kube.Get(t.Context(), client.ObjectKeyFromObject(stored), stored); err != nil {
		t.Fatalf("reading it: %v", err)
	}
	stored.Object["status"] = map[string]any{"observedGeneration": int64(1)}
	if err := kube.Status().Update(t.Context(), stored); err != nil {
		t.Errorf("its status is refused: %v", err)
	}
	stored.SetLabels(map[string]string{"a": "b"})
	if err := kube.Update(t.Context(), stored); err != nil {
		t.Errorf("a label is refused: %v", err)
	}
	stored.Object["spec"] = object(t, v1alpha1.IngressKind, withPolicy("accessControl: {}, headers: {}, retries: {attempts: 2}")).Object["spec"]
	if err := kube.Update(t.Context(), stored); !apierrors.IsInvalid(err) {
		t.Errorf("an edit of the path is answered with %v, want it refused", err)
	}
	if err := kube.Delete(t.Context(), stored); err != nil {
		t.Errorf("deleting it: %v", err)
	}
}
