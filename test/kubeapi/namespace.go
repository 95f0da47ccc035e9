// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Namespace makes a namespace that no other test uses and returns its name. It is not deleted afterwards: without the
// controllers of a cluster a deleted namespace keeps its objects, and the whole API goes away anyway.
func Namespace(t testing.TB, config *rest.Config) string {
	t.Helper()
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatalf("making a client for the test's namespace: %v", err)
	}
	wanted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	made, err := clientset.CoreV1().Namespaces().Create(t.Context(), wanted, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("making the test's namespace: %v", err)
	}
	return made.Name
}
