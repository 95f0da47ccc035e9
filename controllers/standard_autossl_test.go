// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestTheTLSCertificateOfAStandardIngressFollowsItsAnnotation(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.MakeOnce(ingressClass(v1alpha1.DefaultIngressClassName))
	const annotation = "ingress.warren.dev/auto-ssl"
	shop := standard(k.Blue, "shop", "shop.io", "web")
	shop.Annotations = map[string]string{annotation: "true"}
	certificate := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: k.Blue, Name: "shop-tls"}}
	k.Make(shop)
	r := k.start()
	k.issuing(certificate, "True Ordering")
	if !metav1.IsControlledBy(certificate, shop) || metav1.GetControllerOf(certificate).APIVersion != "networking.k8s.io/v1" {
		t.Errorf("the owners are %+v", certificate.OwnerReferences)
	}

	// A slip of the pen loses nothing.
	k.Change(shop, func() { shop.Annotations[annotation] = "on" })
	r.proxy.serves(t, "shop.io / -> "+k.Blue+"/web:80/InvalidRule []")
	k.Make(standard(k.Blue, "later", "later.io", "web"))
	r.proxy.serves(t, "later.io / -> "+k.Blue+"/web:80 []", "shop.io / -> "+k.Blue+"/web:80/InvalidRule []")
	r.idle(t)
	uid := certificate.UID
	k.Reload(certificate)
	if certificate.UID != uid || certificate.DeletionTimestamp != nil {
		t.Errorf("a mistake in the annotation removed the TLSCertificate")
	}

	k.Change(shop, func() { delete(shop.Annotations, annotation) })
	fixture.Eventually(t, func() error {
		err := k.Get(t.Context(), client.ObjectKeyFromObject(certificate), certificate)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("the TLSCertificate is there, or cannot be read: %w", err)
	})
}
