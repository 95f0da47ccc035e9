// SPDX-License-Identifier: Apache-2.0

package status

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// passing are the reasons for which a condition is not True and that end without a change of the object: something else
// is made, or is under way. What is not among them lasts until somebody changes something.
var passing = map[string]bool{
	v1alpha1.ReasonPending:              true,
	v1alpha1.ReasonServiceNotFound:      true,
	v1alpha1.ReasonNoEndpoints:          true,
	v1alpha1.ReasonCANotFound:           true,
	v1alpha1.ReasonAuthSecretNotFound:   true,
	v1alpha1.ReasonSecretNotFound:       true,
	v1alpha1.ReasonNotYetIssued:         true,
	v1alpha1.ReasonNotYetValid:          true,
	v1alpha1.ReasonOrdering:             true,
	v1alpha1.ReasonChallengePending:     true,
	v1alpha1.ReasonFinalizing:           true,
	v1alpha1.ReasonChallengeUnreachable: true,
	v1alpha1.ReasonOrderedElsewhere:     true,
	v1alpha1.ReasonOrderLimit:           true,
	v1alpha1.ReasonNotProbed:            true,
	v1alpha1.ReasonProbeFailed:          true,
	v1alpha1.ReasonReportedUnhealthy:    true,
}

// SummarizeIngress adds to the conditions of an Ingress's status those that tools read which know nothing of Ingresses:
// Ready, and Stalled or Reconciling if it is not.
func SummarizeIngress(conditions *[]metav1.Condition, generation int64) {
	last := summarize(conditions, generation, v1alpha1.ConditionAccepted, v1alpha1.ConditionProgrammed,
		v1alpha1.ConditionResolvedRefs, v1alpha1.ConditionCertificateReady)
	if last == nil {
		last = &metav1.Condition{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonServed, Message: "everything in the Ingress is served"}
	}
	setReady(conditions, generation, last)
}

// SummarizeTask is SummarizeIngress for a Task.
func SummarizeTask(conditions *[]metav1.Condition, generation int64) {
	last := summarize(conditions, generation, v1alpha1.ConditionAccepted, v1alpha1.ConditionHealthy)
	if last == nil {
		last = meta.FindStatusCondition(*conditions, v1alpha1.ConditionHealthy)
	}
	setReady(conditions, generation, last)
}

// SummarizeRoutePolicy is SummarizeIngress for a RoutePolicy.
func SummarizeRoutePolicy(conditions *[]metav1.Condition, generation int64) {
	summarize(conditions, generation, v1alpha1.ConditionAccepted)
	setReady(conditions, generation, meta.FindStatusCondition(*conditions, v1alpha1.ConditionAccepted))
}

// SummarizeTLSCertificate is SummarizeIngress for a TLSCertificate. Ready is there already. If it is True, a renewal
// that is under way or has failed is no matter for tools. Otherwise what Issuing says decides.
func SummarizeTLSCertificate(conditions *[]metav1.Condition, generation int64) {
	deciding := []string{v1alpha1.ConditionAccepted}
	if !meta.IsStatusConditionTrue(*conditions, v1alpha1.ConditionReady) {
		switch issuing := meta.FindStatusCondition(*conditions, v1alpha1.ConditionIssuing); {
		case issuing == nil, issuing.Reason == v1alpha1.ReasonNotRenewed:
			deciding = append(deciding, v1alpha1.ConditionReady)
		case issuing.Reason == v1alpha1.ReasonUpToDate:
			// Nothing is due, and the Secret is not read yet.
			summarizeAs(conditions, generation, v1alpha1.ConditionReconciling, meta.FindStatusCondition(*conditions, v1alpha1.ConditionReady))
			return
		case issuing.Status == metav1.ConditionTrue, issuing.Reason == v1alpha1.ReasonHostNotRouted:
			// A host that no rule has waits for an Ingress. That of an Ingress's own tls waits for nobody.
			summarizeAs(conditions, generation, v1alpha1.ConditionReconciling, issuing)
			return
		default:
			deciding = append(deciding, v1alpha1.ConditionIssuing)
		}
	}
	summarize(conditions, generation, deciding...)
}

// summarize sets Stalled or Reconciling by the first of the conditions of these types that is not True and lasts, or if
// there is none, by the first that passes. It returns that condition, nil if all are True.
func summarize(conditions *[]metav1.Condition, generation int64, types ...string) *metav1.Condition {
	var first *metav1.Condition
	for _, of := range types {
		condition := meta.FindStatusCondition(*conditions, of)
		if condition == nil || condition.Status == metav1.ConditionTrue {
			continue
		}
		if !passing[condition.Reason] {
			return summarizeAs(conditions, generation, v1alpha1.ConditionStalled, condition)
		}
		if first == nil {
			first = condition
		}
	}
	return summarizeAs(conditions, generation, v1alpha1.ConditionReconciling, first)
}

// summarizeAs leaves a status with the condition of this type alone, of Stalled and Reconciling, and with neither of
// them if because is nil. kstatus takes them for False where they are absent.
func summarizeAs(conditions *[]metav1.Condition, generation int64, as string, because *metav1.Condition) *metav1.Condition {
	if because != nil {
		kept := *because // Removing a condition moves the others.
		because = &kept
	}
	for _, other := range []string{v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling} {
		if other != as || because == nil {
			meta.RemoveStatusCondition(conditions, other)
		}
	}
	if because != nil {
		meta.SetStatusCondition(conditions, metav1.Condition{Type: as, Status: metav1.ConditionTrue, ObservedGeneration: generation,
			Reason: because.Reason, Message: because.Message})
	}
	return because
}

// setReady sets Ready to what another condition says.
func setReady(conditions *[]metav1.Condition, generation int64, as *metav1.Condition) {
	if as == nil {
		return
	}
	meta.SetStatusCondition(conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: as.Status, ObservedGeneration: generation,
		Reason: as.Reason, Message: as.Message})
}
