// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestNothingOfANamespaceIsKeptButWhatItIsAllowedAndSelectedBy(t *testing.T) {
	object := namespaceKind()
	object.ObjectMeta = metav1.ObjectMeta{
		Name: "blue", UID: "u", ResourceVersion: "7", Labels: map[string]string{"a": "b"}, Finalizers: []string{"f"},
		Annotations:   map[string]string{translate.AllowedHostsAnnotation: "x.io", "note": "n"},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
	}
	got, err := trimNamespace(object)
	if err != nil {
		t.Fatal(err)
	}
	want := namespaceKind()
	want.ObjectMeta = metav1.ObjectMeta{Name: "blue", UID: "u", ResourceVersion: "7", Labels: map[string]string{"a": "b"},
		Annotations: map[string]string{translate.AllowedHostsAnnotation: "x.io"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManifestsOfNamespacesSayWhichHostsAreAllowed(t *testing.T) {
	annotated := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "blue", Annotations: map[string]string{translate.AllowedHostsAnnotation: "y.io"}}}
	plain := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "green"}}
	in, _, err := InputOf([]client.Object{annotated, plain, fixture.Ingress("blue", "a", "x.io", "api"), fixture.Ingress("green", "a", "z.io", "api")}, translate.Options{IngressClass: "warren"}, gatewayapi.Options{}, nginx.Options{})
	if diff := cmp.Diff(map[string]*string{"blue": new("y.io"), "green": nil}, in.AllowedHosts); diff != "" || err != nil {
		t.Errorf("error %v, allowed hosts (-want +got):\n%s", err, diff)
	}
	if snapshot, _ := translate.Build(in); len(snapshot.Hosts) != 1 || snapshot.Hosts[0].Name != "z.io" {
		t.Errorf("hosts %+v are served, want z.io alone", snapshot.Hosts)
	}
}
