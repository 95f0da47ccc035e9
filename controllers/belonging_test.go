// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/test/kubeapi"
)

func TestOwnerIsTheServiceAccountThatTheProcessRunsAs(t *testing.T) {
	admin := api.Config(t)
	namespace, other := kubeapi.Namespace(t, admin), kubeapi.Namespace(t, admin)
	clientset, err := kubernetes.NewForConfig(admin)
	if err != nil {
		t.Fatal(err)
	}
	account, err := clientset.CoreV1().ServiceAccounts(namespace).Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "edge"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := clientset.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Without a right beyond those that everybody has.
	asAccount := rest.AnonymousClientConfig(admin)
	asAccount.BearerToken = token.Status.Token

	for _, test := range []struct {
		name      string
		config    *rest.Config
		namespace string
		want      *metav1.OwnerReference
	}{
		{"in its own namespace", asAccount, namespace, &metav1.OwnerReference{APIVersion: "v1", Kind: "ServiceAccount", Name: "edge", UID: account.UID}},
		{"in another namespace, where it can own nothing", asAccount, other, nil},
		{"as somebody who is no ServiceAccount", admin, namespace, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := cluster.Owner(t.Context(), test.config, test.namespace)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("owner (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLeaseOfTheElectionComesToBelongToTheController(t *testing.T) {
	config := api.Config(t)
	scheme, err := cluster.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	owner := metav1.OwnerReference{APIVersion: "v1", Kind: "ServiceAccount", Name: "edge", UID: "now"}
	former := metav1.OwnerReference{APIVersion: "v1", Kind: "ServiceAccount", Name: "edge", UID: "before"}
	for _, test := range []struct {
		name  string
		there []metav1.OwnerReference
		// writes says whether the Lease is written.
		writes bool
	}{
		{"made by the election", nil, true},
		{"of a former installation", []metav1.OwnerReference{former}, true},
		{"claimed before", []metav1.OwnerReference{owner}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: kubeapi.Namespace(t, config), Name: cluster.ElectionLease("warren"), OwnerReferences: test.there}}
			if err := c.Create(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
			before := lease.ResourceVersion
			claim := cluster.LeaseClaim{Client: c, Reader: c, Lease: client.ObjectKeyFromObject(lease), Owner: owner}
			if err := claim.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := c.Get(t.Context(), claim.Lease, lease); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]metav1.OwnerReference{owner}, lease.OwnerReferences); diff != "" {
				t.Errorf("owners (-want +got):\n%s", diff)
			}
			if written := lease.ResourceVersion != before; written != test.writes {
				t.Errorf("the Lease was written: %t, want %t", written, test.writes)
			}
		})
	}
	t.Run("no election", func(t *testing.T) {
		claim := cluster.LeaseClaim{Client: c, Reader: c, Lease: client.ObjectKey{Namespace: kubeapi.Namespace(t, config), Name: "none"}, Owner: owner}
		if err := claim.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
