// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// upgradeRate is in requests a second. upgradeRequests is the least number of them.
	upgradeRate     = 400
	upgradeRequests = 20_000
)

func TestFromHelmInstallToHelmUninstall(t *testing.T) {
	if err := warren.by(t.Context(), nil); err != nil {
		t.Fatalf("uninstalling what another test left: %v", err)
	}
	before, err := warren.kube.everything(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	helm := warren.charted.(*chart)
	if err := warren.by(t.Context(), helm); err != nil {
		t.Fatalf("installing: %v", err)
	}
	if err := helm.helm(t.Context(), "test", systemName, "--timeout="+patience.String()); err != nil {
		t.Fatal(err)
	}
	s := makeScene(t)
	theExamplesAreServed(s)

	tr := startTrafficAt(t, upgradeRate, "myapp.example.com", "/")
	// Another template makes Kubernetes replace every replica, and there will be more of them. They listen where only root
	// may, without what the chart gives them for it.
	if err := helm.apply(t.Context(), "upgrade", "replicas=5", "containerPorts.http=80", "containerPorts.https=443", "accessLog=json"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old replicas to go", func(ctx context.Context) error { return warren.replicas(ctx, 5) })
	tr.sends(upgradeRequests)
	tr.finish(0)

	// What a user made stays, and so do the definitions. Here it goes first, so that only the controller's objects are
	// left.
	if err := warren.kube.removeScenes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := helm.helm(t.Context(), "uninstall", systemName, "--wait", "--timeout="+patience.String()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing but definitions to be left", func(ctx context.Context) error {
		after, err := warren.kube.everything(ctx)
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(after, func(object string) bool {
			return slices.Contains(before, object) || inEveryNamespace(object) ||
				strings.HasPrefix(object, "customresourcedefinitions/") && strings.HasSuffix(object, ".ingress.warren.dev") ||
				object == "apiservices/v1alpha1.ingress.warren.dev"
		})
		if len(left) > 0 {
			return fmt.Errorf("there are still %s", strings.Join(left, ", "))
		}
		return nil
	})
}

// inEveryNamespace says whether Kubernetes makes an object in each namespace.
func inEveryNamespace(object string) bool {
	return object == "serviceaccounts/default" || object == "configmaps/kube-root-ca.crt"
}

// replicas fails unless there are so many pods of the controller.
func (i *installation) replicas(ctx context.Context, want int) error {
	pods, err := i.kube.clientset.CoreV1().Pods(systemNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=controller"})
	if err != nil {
		return err
	}
	ready := 0
	for _, pod := range pods.Items {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				ready++
			}
		}
	}
	if len(pods.Items) != want || ready != want {
		return fmt.Errorf("there are %d pods, %d of them ready, want %d", len(pods.Items), ready, want)
	}
	return nil
}
