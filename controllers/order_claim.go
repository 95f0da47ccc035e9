// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// orderedByAnnotation on a TLSCertificate is "namespace/class" of the controller that orders it. No other one does as long as it
// is there, because each keeps its orders where the others do not look.
const orderedByAnnotation = "ingress.warren.dev/ordered-by"

// elsewhere says which other controller orders a TLSCertificate, and what to do if that one does so no longer; nothing if there is
// none.
func (r *TLSCertificateReconciler) elsewhere(ctx context.Context, certificate *v1alpha1.TLSCertificate) (string, error) {
	by, mend := certificate.Annotations[orderedByAnnotation], "remove the annotation "+orderedByAnnotation
	if by == "" {
		former, err := readFormerOrder(ctx, r.reader, certificate)
		if err != nil || former == nil {
			return "", err
		}
		by, mend = former.state.Controller, "delete Secret "+former.object.Name
	}
	if by == "" || by == r.name {
		return "", nil
	}
	if handedOver, err := r.handedOver(ctx, certificate); handedOver || err != nil {
		return "", err
	}
	return "the controller " + by + " orders this certificate: " + mend + " if it does so no longer", nil
}

// claim has no other controller order a TLSCertificate. It fails if somebody has changed it since it was read.
func (r *TLSCertificateReconciler) claim(ctx context.Context, certificate *v1alpha1.TLSCertificate) error {
	claimed := certificate.DeepCopy()
	metav1.SetMetaDataAnnotation(&claimed.ObjectMeta, orderedByAnnotation, r.name)
	patch := client.MergeFromWithOptions(certificate, client.MergeFromWithOptimisticLock{})
	if err := r.status.client.Patch(ctx, claimed, patch); err != nil {
		return fmt.Errorf("claiming the orders of the TLSCertificate: %w", err)
	}
	return nil
}

// yield gives up what is kept of the orders of a TLSCertificate that another controller has claimed.
func (r *TLSCertificateReconciler) yield(ctx context.Context, certificate *v1alpha1.TLSCertificate) error {
	if by := certificate.Annotations[orderedByAnnotation]; by == "" || by == r.name {
		return nil
	}
	working, err := r.issuance.orders.cached(ctx, client.ObjectKeyFromObject(certificate))
	if err != nil || working == nil {
		return err
	}
	return r.issuance.orders.delete(ctx, working)
}
