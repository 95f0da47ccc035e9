// SPDX-License-Identifier: Apache-2.0

package issuing

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/orders"
)

// asidePause is when a controller looks again whether a TLSCertificate is its own to order.
const asidePause = 10 * time.Minute

// elsewhere says which other controller orders a TLSCertificate, and what to do if that one does so no longer; nothing
// if there is none.
func (r *Reconciler) elsewhere(ctx context.Context, certificate *v1alpha1.TLSCertificate) (string, error) {
	by, mend := certificate.Annotations[cluster.OrderedByAnnotation], "remove the annotation "+cluster.OrderedByAnnotation
	if by == "" {
		former, secret, err := orders.OrderedBefore(ctx, r.Reader, certificate)
		if err != nil {
			return "", err
		}
		if secret != "" {
			by, mend = former, "delete Secret "+secret
		}
	}
	if by == "" || by == r.name() {
		return r.ledElsewhere(ctx, certificate)
	}
	if handedOver, err := r.handedOver(ctx, certificate); handedOver || err != nil {
		return "", err
	}
	return "the controller " + by + " orders this certificate: " + mend + " if it does so no longer", nil
}

// ledElsewhere says, of a TLSCertificate that was made for no Ingress, that its hosts lead to replicas of another
// class, which the authority would ask in vain: Ingresses of the namespace have one of them, and none of those is for
// this controller.
func (r *Reconciler) ledElsewhere(ctx context.Context, certificate *v1alpha1.TLSCertificate) (string, error) {
	if metav1.GetControllerOfNoCopy(certificate) != nil {
		return "", nil
	}
	var list v1alpha1.IngressList
	if err := r.Client.List(ctx, &list, client.InNamespace(certificate.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return "", fmt.Errorf("listing the Ingresses of the TLSCertificate's hosts: %w", err)
	}
	class := ""
	for i := range list.Items {
		ingress := &list.Items[i]
		if !leadsTo(ingress, certificate) {
			continue
		}
		if kinds.Claims(ingress, r.Class) {
			return "", nil
		}
		class = ingress.Spec.IngressClassName
	}
	if class == "" {
		return "", nil
	}
	return "the Ingresses of its hosts are of class " + class + ", whose controller orders this certificate", nil
}

// claim has no other controller order a TLSCertificate. It fails if somebody has changed it since it was read.
func (r *Reconciler) claim(ctx context.Context, certificate *v1alpha1.TLSCertificate) error {
	claimed := certificate.DeepCopy()
	metav1.SetMetaDataAnnotation(&claimed.ObjectMeta, cluster.OrderedByAnnotation, r.name())
	patch := client.MergeFromWithOptions(certificate, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, claimed, patch); err != nil {
		return fmt.Errorf("claiming the orders of the TLSCertificate: %w", err)
	}
	return nil
}

// standAside has the view say that another controller orders a TLSCertificate, and why. It says so once, and where that
// one has nothing to say: two controllers that contradict each other would write the status without end.
func (r *Reconciler) standAside(ctx context.Context, certificate *v1alpha1.TLSCertificate, said []metav1.Condition, view *certificateView, why string) (*certificateView, time.Duration, error) {
	view.say(metav1.ConditionFalse, v1alpha1.ReasonOrderedElsewhere, why)
	switch certificate.Annotations[cluster.OrderedByAnnotation] {
	case r.name():
		return view, asidePause, r.release(ctx, certificate)
	case "":
		view.silent = answered(certificate, said)
		return view, asidePause, nil
	}
	view.silent = answered(certificate, said)
	working, err := r.Issuance.Orders.Cached(ctx, client.ObjectKeyFromObject(certificate))
	if err == nil && working != nil {
		err = r.Issuance.Orders.Delete(ctx, working)
	}
	return view, asidePause, err
}

// answered says whether the status of a TLSCertificate has what a controller that looks after it has to say: that no
// certificate is due would not be said of one that cannot be used.
func answered(certificate *v1alpha1.TLSCertificate, said []metav1.Condition) bool {
	issuing := meta.FindStatusCondition(certificate.Status.Conditions, v1alpha1.ConditionIssuing)
	return issuing != nil && issuing.ObservedGeneration == certificate.Generation &&
		(issuing.Reason != v1alpha1.ReasonUpToDate || meta.IsStatusConditionTrue(said, v1alpha1.ConditionReady))
}

// release leaves the orders of a TLSCertificate to any controller.
func (r *Reconciler) release(ctx context.Context, certificate *v1alpha1.TLSCertificate) error {
	before := certificate.DeepCopy()
	delete(certificate.Annotations, cluster.OrderedByAnnotation)
	if err := r.Client.Patch(ctx, certificate, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("leaving the orders of the TLSCertificate to another controller: %w", err)
	}
	return nil
}
