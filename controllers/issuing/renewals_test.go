// SPDX-License-Identifier: Apache-2.0

package issuing

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/orders"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/test/fixture"
)

// emptyCluster has no object.
type emptyCluster struct{ client.Client }

const day = 24 * time.Hour

func (emptyCluster) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{}, key.String())
}

// askedAuthority counts how often it is asked when to renew a certificate.
type askedAuthority struct {
	orders.Authority
	asked int
}

func (a *askedAuthority) RenewalInfo(context.Context, *x509.Certificate) (acme.Window, error) {
	a.asked++
	return acme.Window{}, nil
}

func TestWhenToRenewIsAskedOnceForEachObjectAndForgottenWithIt(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	leaf := sources.Leaf(fixture.NewKeyPair(t, now, now.Add(90*day), "x.io").Secret("blue", "x"))
	asked := &askedAuthority{}
	known := &renewals{authority: asked, known: map[types.NamespacedName]renewal{}}
	certificate := func(name, uid string) *v1alpha1.TLSCertificate {
		return &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "blue", Name: name, UID: types.UID(uid)}}
	}
	for _, step := range []struct {
		of   *v1alpha1.TLSCertificate
		want int
	}{
		{certificate("a", "1"), 1}, {certificate("a", "1"), 1}, {certificate("b", "2"), 2}, {certificate("a", "3"), 3},
	} {
		if known.window(t.Context(), step.of, leaf, now); asked.asked != step.want {
			t.Fatalf("after %s of uid %s the authority was asked %d times, want %d", step.of.Name, step.of.UID, asked.asked, step.want)
		}
	}
	r := &Reconciler{
		Client: emptyCluster{}, renewals: known,
		Issuance: &orders.Issuance{Orders: &orders.Store{Cache: emptyCluster{}}},
	}
	for _, name := range []string{"a", "b"} {
		request := ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "blue", Name: name}}
		if _, err := r.Reconcile(t.Context(), request); err != nil {
			t.Fatal(err)
		}
	}
	if len(known.known) != 0 {
		t.Errorf("of TLSCertificates that are gone it still knows %v", known.known)
	}
}
