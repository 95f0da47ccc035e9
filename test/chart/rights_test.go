// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestWhoMayInstallIntoNamespacesAloneCanDoSo(t *testing.T) {
	c, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"edge-system", "shop"} {
		if err := client.IgnoreAlreadyExists(c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})); err != nil {
			t.Fatal(err)
		}
		binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "owner"},
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "owner"}}}
		if err := client.IgnoreAlreadyExists(c.Create(t.Context(), binding)); err != nil {
			t.Fatal(err)
		}
	}
	config := rest.CopyConfig(api.Config(t))
	config.Impersonate.UserName = "owner"
	owner, err := client.New(config, client.Options{Mapper: c.RESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		values  []string
		refused bool
	}{
		{"with Roles alone", []string{"watchNamespaces={edge-system,shop}", "acme.namespaces={shop}", "rbac.clusterRoles=false", "crds.install=false", "ingressClassResource.enabled=false"}, false},
		{"with Roles that somebody else makes", []string{"rbac.create=false", "crds.install=false", "ingressClassResource.enabled=false"}, false},
		{"with a ClusterRole for Namespaces", []string{"watchNamespaces={shop}", "crds.install=false", "ingressClassResource.enabled=false"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := render(t, test.values...)
			if err != nil {
				t.Fatal(err)
			}
			refused := false
			for _, object := range parse(t, rendered) {
				err := owner.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("owner"), client.DryRunAll)
				refused = refused || apierrors.IsForbidden(err)
				if err != nil && !test.refused {
					t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
				}
			}
			if refused != test.refused {
				t.Errorf("something is refused: %t, want %t", refused, test.refused)
			}
		})
	}
}

// With the right to write every Secret, whoever takes the controller over has the cluster.
func TestTheControllerMayWriteSecretsWhereCertificatesAreOrderedAlone(t *testing.T) {
	c, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		values string
		// want are the namespaces that it may write Secrets in, besides its own.
		want string
	}{
		{"everywhere", "", "blog kube-system shop"},
		{"nowhere", "acme.enabled=false", ""},
		{"nowhere, whatever is listed", "acme.enabled=false,acme.namespaces={shop}", ""},
		{"in some namespaces", "acme.namespaces={shop}", "shop"},
		{"in some of those that are read", "watchNamespaces={shop,blog},acme.namespaces={blog}", "blog"},
		{"in those that are read", "watchNamespaces={shop,blog}", "blog shop"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := render(t, test.values)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"edge-system", "shop", "blog"} {
				if err := client.IgnoreAlreadyExists(c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})); err != nil {
					t.Fatal(err)
				}
			}
			for _, object := range parse(t, rendered) {
				if !strings.Contains(object.GetKind(), "Role") {
					continue
				}
				if err := c.Create(t.Context(), object); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := c.Delete(context.WithoutCancel(t.Context()), object); err != nil {
						t.Error(err)
					}
				})
			}
			settle(t, c)
			var got []string
			for _, namespace := range []string{"blog", "kube-system", "shop"} {
				creates, updates := may(t, c, account, namespace, "create"), may(t, c, account, namespace, "update")
				if creates != updates {
					t.Errorf("in %s it may create Secrets: %t, and update them: %t", namespace, creates, updates)
				}
				if creates {
					got = append(got, namespace)
				}
				if may(t, c, account, namespace, "delete") || may(t, c, account, namespace, "patch") {
					t.Errorf("in %s it may delete or patch Secrets", namespace)
				}
			}
			if !may(t, c, account, "edge-system", "create") {
				t.Error("it may write no Secrets of its own")
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("it may write Secrets in %q, want %q", got, test.want)
			}
		})
	}
}

// account is the user that the controller is.
const account = "system:serviceaccount:edge-system:edge-warren-ingress"

// may asks the API server what a user may do with Secrets.
func may(t *testing.T, c client.Client, user, namespace, verb string) bool {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: user,
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: verb, Resource: "secrets"}}}
	if err := c.Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

// settle returns when the API server heeds the roles and bindings that were made so far. It hears of each kind in
// order, so that it does once it heeds one more of each.
func settle(t *testing.T, c client.Client) {
	t.Helper()
	const namespace = "edge-system"
	rules := func(verb string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{verb}}}
	}
	name := "marker-" + rand.Text()
	meta := metav1.ObjectMeta{Name: strings.ToLower(name)}
	within := metav1.ObjectMeta{Name: meta.Name, Namespace: namespace}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}}
	for _, object := range []client.Object{
		&rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules("update")},
		&rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name}},
		&rbacv1.Role{ObjectMeta: within, Rules: rules("create")},
		&rbacv1.RoleBinding{ObjectMeta: within, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name}},
	} {
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Delete(context.WithoutCancel(t.Context()), object); err != nil {
				t.Error(err)
			}
		})
	}
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		return may(t, c, name, namespace, "create") && may(t, c, name, namespace, "update"), nil
	})
	if err != nil {
		t.Fatalf("waiting for roles to be heeded: %v", err)
	}
}
