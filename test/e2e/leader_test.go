// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// leader returns the name of the pod that has the Lease.
func (i *installation) leader(ctx context.Context) (string, error) {
	var lease coordinationv1.Lease
	if err := i.kube.Get(ctx, client.ObjectKey{Namespace: systemNamespace, Name: "warren-ingress-warren"}, &lease); err != nil {
		return "", err
	}
	if lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" {
		return "", errors.New("nobody holds the Lease")
	}
	pod, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_")
	return pod, nil
}

func TestTheOtherReplicaServesAndWritesStatusWhenTheLeaderIsDeleted(t *testing.T) {
	s := newScene(t)
	s.backend("web", 2, 0)
	shop := ingress("shop", map[string]string{s.host() + "/": "web"})
	s.create(shop)
	s.says(shop, wellServed...)
	everywhere(t, "the route to be served", request{host: s.host(), target: "/"}, answered("web"))
	var before string
	eventually(t, "a leader", func(ctx context.Context) (err error) {
		before, err = warren.leader(ctx)
		return err
	})

	tr := startTraffic(t, s.host(), "/")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: before}}
	if err := s.Delete(t.Context(), pod); err != nil {
		t.Fatalf("deleting the leader: %v", err)
	}
	deleted := time.Now()
	// What comes while the leader drains is served. Whoever leads then writes its status.
	during := ingress("during", map[string]string{s.host() + "/during": "web"})
	s.create(during)
	s.says(during, wellServed...)
	t.Logf("the status of an Ingress of that time was written %s after the leader was deleted", time.Since(deleted))

	eventually(t, "the leader's pod to go", func(ctx context.Context) error { return s.gone(ctx, pod) })
	t.Logf("the leader's pod was gone %s after it was deleted", time.Since(deleted))
	eventually(t, "another leader", func(ctx context.Context) error {
		after, err := warren.leader(ctx)
		if err == nil && after == before {
			err = fmt.Errorf("the Lease is still that of %s", before)
		}
		return err
	})
	t.Logf("there was another leader %s after the first was deleted", time.Since(deleted))
	changed := time.Now()
	s.change(t, during, func() { during.Spec.Rules[0].Paths[0].Backend.ServiceName = "nothing" })
	s.says(during, "Accepted=True Accepted", "Programmed=True Programmed", "Ready=False ServiceNotFound", "Reconciling=True ServiceNotFound", "ResolvedRefs=False ServiceNotFound")
	t.Logf("it wrote the status of a changed Ingress within %s", time.Since(changed))
	eventually(t, "two replicas again", warren.available)
	tr.finish(0)
}

func TestARestartOfAllReplicasLosesNoRequest(t *testing.T) {
	s := newScene(t)
	s.backend("web", 2, 0)
	s.create(ingress("shop", map[string]string{s.host() + "/": "web"}))
	everywhere(t, "the route to be served", request{host: s.host(), target: "/"}, answered("web"))

	tr := startTraffic(t, s.host(), "/")
	controller := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: systemName}}
	s.change(t, controller, func() {
		controller.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] = time.Now().Format(time.RFC3339)
	})
	took := eventually(t, "all replicas to be new", warren.available)
	eventually(t, "the old replicas to go", func(ctx context.Context) error {
		var pods corev1.PodList
		if err := s.List(ctx, &pods, client.InNamespace(systemNamespace)); err != nil {
			return err
		}
		if len(pods.Items) != int(*controller.Spec.Replicas) {
			return fmt.Errorf("there are %d pods, want %d", len(pods.Items), *controller.Spec.Replicas)
		}
		return nil
	})
	t.Logf("all replicas were new after %s", took)
	tr.finish(0)
}
