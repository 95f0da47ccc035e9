// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// Another controller may write a Task's status, so the schema has to refuse what would not decode.
func TestTaskStatusOfAnotherController(t *testing.T) {
	kube := typedClient(t)
	task := &v1alpha1.Task{
		ObjectMeta: metav1.ObjectMeta{Namespace: kubeapi.Namespace(t, api.Config(t)), Name: "api-1"},
		Spec:       v1alpha1.TaskSpec{ServiceName: "api", Address: "192.168.1.10"},
	}
	if err := kube.Create(t.Context(), task); err != nil {
		t.Fatalf("creating a Task: %v", err)
	}
	for _, test := range []struct {
		name    string
		status  string
		refused string
	}{
		{"unhealthy, with a message and a time", `{"health": "Unhealthy", "message": "disk is full", "lastTransitionTime": "2031-02-03T04:05:06Z"}`, ""},
		{"a time with an offset", `{"lastTransitionTime": "2031-02-03T04:05:06.5+02:00"}`, ""},
		{"an unknown health", `{"health": "Sick"}`, `supported values: "Healthy", "Unhealthy", "Unknown"`},
		{"a time without an offset", `{"lastTransitionTime": "2031-02-03T04:05:06"}`, "must be of type date-time"},
		{"a date alone", `{"lastTransitionTime": "2031-02-03"}`, "must be of type date-time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The response is decoded into the Go type. The patch fails if it does not fit.
			patched := task.DeepCopy()
			err := kube.Status().Patch(t.Context(), patched, client.RawPatch(types.MergePatchType, []byte(`{"status": `+test.status+`}`)))
			switch {
			case test.refused == "" && err != nil:
				t.Errorf("writing the status: %v", err)
			case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
				t.Errorf("want a refusal that says %q, got: %v", test.refused, err)
			}
		})
	}
}
