// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

var api kubeapi.Shared

func TestMain(m *testing.M) {
	os.Exit(api.Run(m))
}

// cause is one complaint of the API server: the field that it is about, and a part of what it says.
type cause struct {
	field string
	says  string
}

// object makes an object named "wanted" of a kind from the YAML of its spec.
func object(t *testing.T, kind, spec string) *unstructured.Unstructured {
	t.Helper()
	made := &unstructured.Unstructured{Object: map[string]any{}}
	made.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	made.SetNamespace("default")
	made.SetName("wanted")
	var fields any
	if err := yaml.Unmarshal([]byte(spec), &fields); err != nil {
		t.Fatalf("parsing the spec of the test: %v\n%s", err, spec)
	}
	made.Object["spec"] = fields
	return made
}

// dryRun makes the API server default and validate an object without keeping it. Fields that the schema does not know
// are errors, as with kubectl.
func dryRun(t *testing.T, made *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	t.Helper()
	kube, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	sent := made.DeepCopy()
	err = kube.Create(t.Context(), sent, client.DryRunAll, client.FieldValidation("Strict"))
	return sent, err
}

// typedClient is a client of the three kinds.
func typedClient(t *testing.T) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatalf("making a scheme: %v", err)
	}
	kube, err := client.New(api.Config(t), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	return kube
}

// requireRefused compares the causes for which the API server refuses an object with the wanted ones. There must be no
// more and no fewer, in any order.
func requireRefused(t *testing.T, made *unstructured.Unstructured, wanted []cause) {
	t.Helper()
	_, err := dryRun(t, made)
	if err == nil {
		t.Fatal("the API server accepted it")
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		t.Fatalf("the API server did not answer with causes: %v", err)
	}
	for _, given := range status.Status().Details.Causes {
		// This only says that a rule was not tried because of another cause, which is listed too.
		if strings.Contains(given.Message, "some validation rules were not checked") {
			continue
		}
		at := -1
		for i, want := range wanted {
			if want.field == given.Field && strings.Contains(given.Message, want.says) {
				at = i
				break
			}
		}
		if at < 0 {
			t.Errorf("unwanted cause at %s: %s", given.Field, given.Message)
			continue
		}
		wanted = append(wanted[:at:at], wanted[at+1:]...)
	}
	for _, want := range wanted {
		t.Errorf("no cause at %s says %q", want.field, want.says)
	}
}

// requireAccepted checks that the API server accepts an object. It returns what the server made of it.
func requireAccepted(t *testing.T, made *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	kept, err := dryRun(t, made)
	if err != nil {
		t.Fatalf("the API server refused it: %v", err)
	}
	return kept
}

// requireDecodes fails unless an object of the API server fits its Go type. What a typed client then writes back has to
// be accepted and mean the same. One object that does not decode would keep a controller from listing all the others.
func requireDecodes(t *testing.T, kept *unstructured.Unstructured) {
	t.Helper()
	typed := decode(t, kept)
	written, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		t.Fatalf("encoding the Go type: %v", err)
	}
	again := &unstructured.Unstructured{Object: map[string]any{"spec": written["spec"]}}
	again.SetGroupVersionKind(kept.GroupVersionKind())
	again.SetNamespace(kept.GetNamespace())
	again.SetName(kept.GetName())
	want := specOf(t, typed)
	got := specOf(t, decode(t, requireAccepted(t, again)))
	sameQuantity := cmp.Comparer(func(a, b resource.Quantity) bool { return a.Cmp(b) == 0 })
	if diff := cmp.Diff(want, got, sameQuantity); diff != "" {
		t.Errorf("the spec changes when a typed client writes it back (-before +after):\n%s", diff)
	}
}

// decode turns an object of the API server into its Go type. That must have all of the object's fields.
func decode(t *testing.T, kept *unstructured.Unstructured) client.Object {
	t.Helper()
	var typed client.Object
	switch kept.GetKind() {
	case v1alpha1.IngressKind:
		typed = &v1alpha1.Ingress{}
	case v1alpha1.TLSCertificateKind:
		typed = &v1alpha1.TLSCertificate{}
	case v1alpha1.TaskKind:
		typed = &v1alpha1.Task{}
	case v1alpha1.RoutePolicyKind:
		typed = &v1alpha1.RoutePolicy{}
	default:
		t.Fatalf("no Go type for kind %s", kept.GetKind())
	}
	stored, err := kept.MarshalJSON()
	if err != nil {
		t.Fatalf("encoding the object of the API server: %v", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(stored))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(typed); err != nil {
		t.Fatalf("decoding the object of the API server into its Go type: %v", err)
	}
	return typed
}

// specOf returns the spec of an object of one of the three kinds.
func specOf(t *testing.T, typed client.Object) any {
	t.Helper()
	switch typed := typed.(type) {
	case *v1alpha1.Ingress:
		return typed.Spec
	case *v1alpha1.TLSCertificate:
		return typed.Spec
	case *v1alpha1.Task:
		return typed.Spec
	case *v1alpha1.RoutePolicy:
		return typed.Spec
	}
	t.Fatalf("no spec in a %T", typed)
	return nil
}
