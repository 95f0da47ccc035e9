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

// asidePause is how long a controller leaves a TLSCertificate to another one before it looks again.
const asidePause = 10 * time.Minute

// elsewhere finds out whether another controller orders a TLSCertificate. It returns a text that names that controller
// and says what to do if it does so no longer. The text is empty if there is none.
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

// ledElsewhere finds out whether the hosts of a TLSCertificate lead to replicas of another class. The authority would
// ask those in vain. They do if Ingresses of the namespace have one of the hosts, and none of these Ingresses is for
// this controller. It does not look at a TLSCertificate that was made for an Ingress. It returns a text that says so,
// or nothing.
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

// claim writes on a TLSCertificate that this controller orders it. It fails if somebody has changed the TLSCertificate
// since it was read.
func (r *Reconciler) claim(ctx context.Context, certificate *v1alpha1.TLSCertificate) error {
	claimed := certificate.DeepCopy()
	metav1.SetMetaDataAnnotation(&claimed.ObjectMeta, cluster.OrderedByAnnotation, r.name())
	patch := client.MergeFromWithOptions(certificate, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, claimed, patch); err != nil {
		return fmt.Errorf("claiming the orders of the TLSCertificate: %w", err)
	}
	return nil
}

// standAside leaves a TLSCertificate to another controller. The view says so, and why. It is silent if the status
// already has the other controller's words: two controllers that contradict each other would write the status without
// end.
func (r *Reconciler) standAside(ctx context.Context, certificate *v1alpha1.TLSCertificate, conditions []metav1.Condition, view *certificateView, why string) (*certificateView, time.Duration, error) {
	view.say(metav1.ConditionFalse, v1alpha1.ReasonOrderedElsewhere, why)
	switch certificate.Annotations[cluster.OrderedByAnnotation] {
	case r.name():
		return view, asidePause, r.release(ctx, certificate)
	case "":
		view.silent = answered(certificate, conditions)
		return view, asidePause, nil
	}
	view.silent = answered(certificate, conditions)
	working, err := r.Issuance.Orders.Cached(ctx, client.ObjectKeyFromObject(certificate))
	if err == nil && working != nil {
		err = r.Issuance.Discard(ctx, working)
	}
	return view, asidePause, err
}

// answered says whether the status of a TLSCertificate has the words of a controller that looks after it. If the
// certificate cannot be used, "no certificate is due" is an old word. That controller would not say it now.
func answered(certificate *v1alpha1.TLSCertificate, conditions []metav1.Condition) bool {
	issuing := meta.FindStatusCondition(certificate.Status.Conditions, v1alpha1.ConditionIssuing)
	return issuing != nil && issuing.ObservedGeneration == certificate.Generation &&
		(issuing.Reason != v1alpha1.ReasonUpToDate || meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady))
}

// release takes this controller's claim off a TLSCertificate. Any controller may order it then.
func (r *Reconciler) release(ctx context.Context, certificate *v1alpha1.TLSCertificate) error {
	before := certificate.DeepCopy()
	delete(certificate.Annotations, cluster.OrderedByAnnotation)
	if err := r.Client.Patch(ctx, certificate, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("leaving the orders of the TLSCertificate to another controller: %w", err)
	}
	return nil
}
