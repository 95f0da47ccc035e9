// SPDX-License-Identifier: Apache-2.0

package issuing

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/orders"
)

// certificateView is what the status of a TLSCertificate says beside the conditions that the snapshot found.
type certificateView struct {
	leaf    *x509.Certificate
	renewal time.Time
	state   *orders.State
	issuing metav1.Condition
	// unrouted says why no order but a renewal may begin. Empty if one may.
	unrouted string
	// silent is true if the status is left to another controller.
	silent bool
	// noticeDays says which notice of the certificate's end was given last. notice is the one to give now, or empty.
	noticeDays int32
	notice     string
}

func (v *certificateView) say(status metav1.ConditionStatus, reason, message string) {
	v.issuing = metav1.Condition{Status: status, Reason: reason, Message: cluster.ClipMessage(message)}
}

// progress says how far the order is, and what hinders it. The hindrance is empty if nothing does.
func (v *certificateView) progress(hindrance string) {
	reason, message := v1alpha1.ReasonOrdering, "the certificate is being ordered"
	switch a := v.state.Attempt; {
	case v.state.Closing != nil:
		message = "the order has ended, and what answered its challenges is cleaned up"
	case a == nil && (v.state.Restarts > 0 || hindrance != ""): // The next attempt begins at once.
	case a == nil:
		v.say(metav1.ConditionFalse, v1alpha1.ReasonUpToDate, "no certificate is due")
		return
	case a.Order.Status == acme.OrderPending && a.Visible:
		reason, message = v1alpha1.ReasonChallengePending, "the authority is asked to see that the hosts are served here"
	case a.Order.Status == acme.OrderReady || a.Order.Status == acme.OrderProcessing || a.Order.Status == acme.OrderValid:
		reason, message = v1alpha1.ReasonFinalizing, "every host is proven, and the certificate awaited"
	}
	if hindrance != "" {
		message += ": " + hindrance + "; it is tried again"
	}
	v.say(metav1.ConditionTrue, reason, message)
}

// blocked says why the state of the order cannot be read, if somebody can mend that.
func (v *certificateView) blocked(err error) (*certificateView, time.Duration, error) {
	wrong, ok := errors.AsType[*cluster.Mendable](err)
	if !ok {
		return nil, 0, err
	}
	v.say(metav1.ConditionFalse, v1alpha1.ReasonSecretConflict, wrong.Text)
	return v, time.Minute, nil
}

// watch says of a user's own certificate that nothing renews it, and notes whether a notice of its end is due. It
// returns when the next notice is due.
func (v *certificateView) watch(object *v1alpha1.TLSCertificate, now time.Time) time.Duration {
	v.say(metav1.ConditionFalse, v1alpha1.ReasonNotRenewed, "autoRenew is false: the Secret is yours")
	if v.leaf == nil {
		return 0
	}
	days, next := certificates.ExpiryNotice(v.leaf.NotAfter, now)
	v.noticeDays = days
	given := object.Status.ExpiryNoticeDays
	if object.Status.SerialNumber != certificates.SerialOf(v.leaf) {
		given = 0 // That notice was about another certificate.
	}
	if days != 0 && (given == 0 || days < given) {
		v.notice = fmt.Sprintf("the certificate in Secret %s expires at %s, and nothing here renews it: put a new one into the Secret",
			object.Spec.SecretName, v.leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if next.IsZero() {
		return 0
	}
	return next.Sub(now)
}

// publish writes the view into a status.
func (v *certificateView) publish(status *v1alpha1.TLSCertificateStatus) {
	*status = v1alpha1.TLSCertificateStatus{Conditions: status.Conditions, ExpiryNoticeDays: v.noticeDays,
		Failures: v.state.Failures, LastFailureTime: timeOf(v.state.LastFailure), NextAttemptTime: timeOf(v.state.Next())}
	if v.leaf != nil {
		status.Issuer, status.SerialNumber = cluster.ClipTo(v.leaf.Issuer.String(), 1024), certificates.SerialOf(v.leaf)
		status.NotBefore, status.NotAfter = timeOf(v.leaf.NotBefore), timeOf(v.leaf.NotAfter)
	}
	status.RenewalTime = timeOf(v.renewal)
}

func timeOf(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t.Truncate(time.Second).Local()}
}
