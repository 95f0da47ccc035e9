// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
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

// standAside has the view say that another controller orders a TLSCertificate, and why. It says so once, and where that one has nothing to
// say: two controllers that contradict each other would write the status without end.
func (r *TLSCertificateReconciler) standAside(ctx context.Context, certificate *v1alpha1.TLSCertificate, said []metav1.Condition, view *certificateView, why string) (*certificateView, time.Duration, error) {
	view.say(metav1.ConditionFalse, v1alpha1.ReasonOrderedElsewhere, why)
	switch certificate.Annotations[orderedByAnnotation] {
	case r.name:
		return view, 0, r.release(ctx, certificate)
	case "":
		view.silent = answered(certificate, said)
		return view, 0, nil
	}
	view.silent = answered(certificate, said)
	working, err := r.issuance.orders.cached(ctx, client.ObjectKeyFromObject(certificate))
	if err == nil && working != nil {
		err = r.issuance.orders.delete(ctx, working)
	}
	return view, 0, err
}

// answered says whether the status of a TLSCertificate has what a controller that looks after it has to say: that no certificate is due
// would not be said of one that cannot be used.
func answered(certificate *v1alpha1.TLSCertificate, said []metav1.Condition) bool {
	issuing := meta.FindStatusCondition(certificate.Status.Conditions, v1alpha1.ConditionIssuing)
	return issuing != nil && issuing.ObservedGeneration == certificate.Generation &&
		(issuing.Reason != v1alpha1.ReasonUpToDate || meta.IsStatusConditionTrue(said, v1alpha1.ConditionReady))
}

// release leaves the orders of a TLSCertificate to any controller.
func (r *TLSCertificateReconciler) release(ctx context.Context, certificate *v1alpha1.TLSCertificate) error {
	before := certificate.DeepCopy()
	delete(certificate.Annotations, orderedByAnnotation)
	if err := r.status.client.Patch(ctx, certificate, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("leaving the orders of the TLSCertificate to another controller: %w", err)
	}
	return nil
}
