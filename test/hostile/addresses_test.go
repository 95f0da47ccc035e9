// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// trusting are addresses where somebody answers whoever comes from within the cluster's network, such as metadata
// services of clouds, in all forms, and addresses that are nobody's. Stages allow loopback and link-local ones.
var trusting = []string{
	"169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "64:ff9b::a9fe:a9fe",
	"2002:a9fe:a9fe::", "::ffff:169.254.169.254", "::169.254.169.254", "0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "ff02::1",
}

// A tenant has the controller send requests and health checks to what trusts the controller's place in the network, by
// Tasks at its addresses. A check that tells what it found would scan ports for him.
func TestTasksAtAddressesThatTrustTheController(t *testing.T) {
	t.Parallel()
	s := newStageApart(t, launch{})
	var api corev1.Service
	if err := s.Get(t.Context(), client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: "kubernetes"}, &api); err != nil {
		t.Fatal(err)
	}
	var made []*v1alpha1.Task
	s.besideSlow(attackTime, "tasks at addresses that trust", func(ctx context.Context) {
		for i, address := range append([]string{api.Spec.ClusterIP}, trusting...) {
			task := checkedTask(t, s.b, fmt.Sprint("scan-", i), netip.AddrPortFrom(netip.MustParseAddr(address), 443).String(), time.Second, time.Second)
			task.Spec.Address = v1alpha1.Address(address)
			switch err := s.Create(t.Context(), task); {
			case apierrors.IsInvalid(err):
			case err != nil:
				t.Errorf("a Task at %s: %v", address, err)
			default:
				made = append(made, task)
			}
		}
		<-ctx.Done()
	})
	var accepted []string
	for _, task := range made {
		s.awaitJudgement(task)
		if !meta.IsStatusConditionFalse(task.Status.Conditions, v1alpha1.ConditionAccepted) || task.Status.Health == v1alpha1.HealthHealthy ||
			strings.Contains(task.Status.Message, "connect") {
			accepted = append(accepted, string(task.Spec.Address))
		}
	}
	if len(accepted) > 0 {
		t.Errorf("Tasks at these addresses are accepted, or their checks tell something: %v", accepted)
	}
}

// awaitJudgement waits until a Task says whether it is accepted, and reads it.
func (s *stage) awaitJudgement(task *v1alpha1.Task) {
	s.t.Helper()
	eventually(s.t, "a status of the Task at "+string(task.Spec.Address), func() error {
		if err := s.Get(s.t.Context(), client.ObjectKeyFromObject(task), task); err != nil {
			return err
		}
		if meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionAccepted) == nil {
			return errors.New("nobody says whether it is accepted")
		}
		return nil
	})
}
