// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/controllers/status"
	"github.com/warren-dev/ingress/controllers/tasks"
	"github.com/warren-dev/ingress/controllers/translate"
)

// notOrdered is why no certificate comes by itself.
const notOrdered = "no certificate is ordered without a Kubernetes API, which orders are kept in: "

// kindOf returns the kind under which verdicts know an object, empty for one that has none.
func kindOf(object client.Object) string {
	switch object.(type) {
	case *v1alpha1.Ingress:
		return v1alpha1.IngressKind
	case *networkingv1.Ingress:
		return kinds.StandardKind
	case *v1alpha1.Task:
		return v1alpha1.TaskKind
	case *v1alpha1.TLSCertificate:
		return v1alpha1.TLSCertificateKind
	}
	return ""
}

// conditions returns what an object's status would say in a cluster, with Ready among it. A standard Ingress has it too
// here: in a cluster, events tell of one.
func conditions(object client.Object, verdict *snapshots.Verdict, health tasks.HealthSource) []metav1.Condition {
	said := slices.Clone(verdict.Conditions) // The snapshot's are shared.
	switch object := object.(type) {
	case *v1alpha1.Task:
		probed := object.DeepCopy()
		report, ok := health.Health(translate.TaskID(object.Namespace, object.Name))
		tasks.SetHealth(probed, said, report, ok)
		status.SummarizeTask(&said, object.Generation)
	case *v1alpha1.TLSCertificate:
		addIssuing(&said, &object.Spec)
		status.SummarizeTLSCertificate(&said, object.Generation)
	default:
		explainMissing(said)
		status.SummarizeIngress(&said, object.GetGeneration())
	}
	return said
}

// addIssuing adds to a TLSCertificate's conditions what becomes of its ordering.
func addIssuing(said *[]metav1.Condition, spec *v1alpha1.TLSCertificateSpec) {
	issuing := metav1.Condition{Type: v1alpha1.ConditionIssuing, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotRenewed,
		Message: "autoRenew is false: the Secret is yours"}
	if spec.AutoRenew == nil || *spec.AutoRenew {
		issuing.Reason = v1alpha1.ReasonOrderingOff
		issuing.Message = notOrdered + "keep one in Secret " + string(spec.SecretName) + " yourself, and write autoRenew: false"
	}
	meta.SetStatusCondition(said, issuing)
}

// explainMissing says of an Ingress that waits for its first certificate that none will come.
func explainMissing(said []metav1.Condition) {
	missing := meta.FindStatusCondition(said, v1alpha1.ConditionCertificateReady)
	if missing != nil && missing.Reason == v1alpha1.ReasonNotYetIssued {
		missing.Reason = v1alpha1.ReasonOrderingOff
		missing.Message = notOrdered + "put one into a Secret among the files, and name that in tls.secretName in place of autoSSL"
	}
}
