// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWhoMayEditOrViewANamespaceMayDoSoWithItsObjects(t *testing.T) {
	s := newScene(t)
	for _, role := range []string{"edit", "view"} {
		s.create(&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "e2e-" + role}},
		})
	}
	for _, test := range []struct {
		name                        string
		user, verb, resource, below string
		want                        bool
	}{
		{"an editor makes an Ingress", "e2e-edit", "create", "ingresses", "", true},
		{"an editor reads a Task", "e2e-edit", "get", "tasks", "", true},
		{"an editor makes no Task", "e2e-edit", "create", "tasks", "", false},
		{"an editor does not report a Task's health", "e2e-edit", "patch", "tasks", "status", false},
		{"an editor does not write an Ingress's status", "e2e-edit", "patch", "ingresses", "status", false},
		{"a viewer lists TLSCertificates", "e2e-view", "list", "tlscertificates", "", true},
		{"a viewer changes nothing", "e2e-view", "patch", "ingresses", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Kubernetes adds roles to its own a moment after they are made. The API server takes a moment for a binding, too.
			eventually(t, "the right", func(ctx context.Context) error {
				review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
					User: test.user,
					ResourceAttributes: &authorizationv1.ResourceAttributes{
						Namespace: s.namespace, Group: "ingress.warren.dev", Version: "*",
						Verb: test.verb, Resource: test.resource, Subresource: test.below,
					},
				}}
				if err := s.Create(ctx, review); err != nil {
					return err
				}
				if review.Status.Allowed != test.want {
					return fmt.Errorf("allowed is %t, want %t: %s", review.Status.Allowed, test.want, review.Status.Reason)
				}
				return nil
			})
		})
	}
}
