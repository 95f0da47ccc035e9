// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// Whoever takes over the process that reads the requests of strangers has its rights. Where nothing is ordered, they
// read no ConfigMap and write no Secret but those of its own namespace: with a token of another ServiceAccount he would
// be whoever that is.
func TestRightsOfWhoeverTakesOverTheProcess(t *testing.T) {
	t.Parallel()
	s := newStageApart(t, launch{})
	taken := s.asInstalled("acme.enabled=false", "rbac.configMaps=false")
	token := func(namespace string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "taken-over",
				Annotations: map[string]string{corev1.ServiceAccountNameKey: "default"}},
			Type: corev1.SecretTypeServiceAccountToken,
		}
	}
	for _, namespace := range []string{metav1.NamespaceSystem, s.a} {
		victim := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "not-to-be-changed"}}
		s.create(victim)
		t.Cleanup(func() { _ = s.Delete(context.Background(), victim) })
		binding := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": "RoleBinding",
			"metadata": map[string]any{"namespace": namespace, "name": "taken-over"},
			"roleRef":  map[string]any{"apiGroup": rbacv1.GroupName, "kind": "ClusterRole", "name": "cluster-admin"},
		}}
		for what, err := range map[string]error{
			"creating a token":      taken.Create(t.Context(), token(namespace)),
			"updating a Secret":     taken.Update(t.Context(), victim.DeepCopy()),
			"deleting a Secret":     taken.Delete(t.Context(), victim.DeepCopy()),
			"binding cluster-admin": taken.Create(t.Context(), binding),
			"creating a Pod":        taken.Create(t.Context(), podIn(namespace)),
		} {
			if !apierrors.IsForbidden(err) {
				t.Errorf("%s in %s ends with %v, want that it is forbidden", what, namespace, err)
			}
		}
	}
	if err := taken.List(t.Context(), &corev1.ConfigMapList{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing all ConfigMaps ends with %v, want that it is forbidden", err)
	}
	// Otherwise all that was forbidden would show nothing.
	if err := taken.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.system, Name: "its-own"}}); err != nil {
		t.Errorf("a Secret in its own namespace: %v", err)
	}
}

func podIn(namespace string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "taken-over"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}},
	}
}

// asInstalled makes the rights that the chart gives with these values. It returns a client that has them.
func (s *stage) asInstalled(values ...string) client.Client {
	s.t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		s.t.Fatal(err)
	}
	arguments := []string{"template", s.system, filepath.Join(checkout, "config", "helm", "warren-ingress"),
		"--namespace=" + s.system, "--show-only=templates/rbac.yaml", "--set=fullnameOverride=" + s.system}
	for _, value := range values {
		arguments = append(arguments, "--set="+value)
	}
	var complaints bytes.Buffer
	helm := exec.CommandContext(s.t.Context(), filepath.Join(checkout, "bin", "helm"), arguments...)
	helm.Stderr = &complaints
	rendered, err := helm.Output()
	if err != nil {
		s.t.Fatalf("rendering the chart: %v\n%s", err, &complaints)
	}
	user := ""
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(rendered), 4096); ; {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if len(object.Object) == 0 {
			continue
		}
		s.create(object)
		s.t.Cleanup(func() { _ = s.Delete(context.Background(), object) })
		if object.GetKind() == "ServiceAccount" {
			user = fmt.Sprintf("system:serviceaccount:%s:%s", object.GetNamespace(), object.GetName())
		}
	}
	as := rest.CopyConfig(s.config)
	as.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:serviceaccounts", "system:authenticated"}}
	c, err := client.New(as, client.Options{Scheme: s.Scheme()})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}
