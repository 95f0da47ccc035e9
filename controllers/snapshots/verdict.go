// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"iter"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
)

// result is what became of one build of the snapshot. It is immutable.
type result struct {
	// generation is the data plane's number of the snapshot that it serves.
	generation uint64
	// verdicts has a verdict for each object of this build.
	verdicts map[objectKey]*Verdict
	// serving has the verdicts of the build that the data plane serves. It equals verdicts unless the data plane refused
	// this snapshot. It is nil until the data plane has taken one.
	serving map[objectKey]*Verdict
	// gateways has a verdict for each object of the Gateway API of the build that the data plane serves.
	gateways map[gatewayapi.Key]*gatewayapi.Verdict
}

type objectKey struct {
	kind string
	types.NamespacedName
}

// Verdict is everything that the conditions of one generation of one object say. It is immutable.
type Verdict struct {
	uid        types.UID
	generation int64
	Conditions []metav1.Condition
	// certificateHosts are the hosts that an Ingress with autoSSL has a certificate ordered for.
	certificateHosts []string
	// Unheeded lists the annotations of a standard Ingress that have no effect.
	Unheeded string
	// Unrouted says that no rule has some hosts of a TLSCertificate. Empty if there are none.
	Unrouted string
}

// served returns the UID and generation of each Ingress, Gateway and route that the data plane serves, and of the
// Services of Gateways what it opens of them.
func (r *result) served() iter.Seq2[types.UID, int64] {
	return func(yield func(types.UID, int64) bool) {
		for key, v := range r.serving {
			if isIngress(key.kind) && !yield(v.uid, v.generation) {
				return
			}
		}
		for _, v := range r.gateways {
			if !yield(v.UID, v.Generation) {
				return
			}
			if s := v.Service; s != nil && s.There != "" && !yield(s.There, s.Opened) {
				return
			}
		}
	}
}

// judge adds the verdicts on the objects of the Gateway API. If the data plane refused the snapshot, it serves what was
// there before, and so do they.
func (r *result) judge(previous *result, attached *gatewayapi.Attached, in *translate.Input, reports []translate.Report, refused error) {
	if previous == nil {
		previous = new(result)
	}
	switch {
	case refused != nil:
		r.gateways = previous.gateways
		return
	case attached == nil:
		return
	}
	r.gateways = attached.Judge(in.Secrets, in.Authorities, reports)
	for key, v := range r.gateways {
		if before := previous.gateways[key]; before != nil && before.Equal(v) {
			r.gateways[key] = before
		}
	}
}

func isIngress(kind string) bool {
	return kind == v1alpha1.IngressKind || kind == kinds.StandardKind
}

func (v *Verdict) equal(o *Verdict) bool {
	return v.uid == o.uid && v.generation == o.generation && slices.Equal(v.Conditions, o.Conditions) &&
		slices.Equal(v.certificateHosts, o.certificateHosts) && v.Unheeded == o.Unheeded && v.Unrouted == o.Unrouted
}

// nextResult returns the result of a build from its reports and from how the data plane answered.
func nextResult(previous *result, reports []translate.Report, generation uint64, refused error) *result {
	next := &result{generation: generation, verdicts: make(map[objectKey]*Verdict, len(reports))}
	if previous == nil {
		previous = &result{}
	}
	for i := range reports {
		r := &reports[i]
		key := objectKey{r.Kind, types.NamespacedName{Namespace: r.Namespace, Name: r.Name}}
		v := Verdict{uid: r.UID, generation: r.Generation, Conditions: r.Conditions, certificateHosts: r.CertificateHosts, Unheeded: r.Unheeded,
			Unrouted: r.Unrouted}
		if isIngress(r.Kind) {
			v.Conditions = append(slices.Clip(v.Conditions), programmed(r, previous.serving[key], refused))
		}
		if before := previous.verdicts[key]; before != nil && before.equal(&v) {
			next.verdicts[key] = before
			continue
		}
		kept := v
		// All reports of a build share their memory. A verdict lives on until something else is to be said, and must not keep
		// all of that alive.
		kept.Conditions = slices.Clone(kept.Conditions)
		next.verdicts[key] = &kept
	}
	next.serving = next.verdicts
	if refused != nil {
		next.generation, next.serving = previous.generation, previous.serving
	}
	return next
}

// programmed returns the condition that says whether the data plane serves what was accepted of an Ingress. If the data
// plane refused the snapshot, it goes on with the one before: an Ingress that has not changed since is served as
// before.
func programmed(report *translate.Report, serving *Verdict, refused error) metav1.Condition {
	if refused != nil && serving != nil && serving.uid == report.UID && serving.generation == report.Generation {
		return *meta.FindStatusCondition(serving.Conditions, v1alpha1.ConditionProgrammed)
	}
	condition := metav1.Condition{
		Type: v1alpha1.ConditionProgrammed, Status: metav1.ConditionTrue, ObservedGeneration: report.Generation,
		Reason: v1alpha1.ReasonProgrammed, Message: "the data plane serves what was accepted",
	}
	switch {
	case refused != nil:
		condition.Status = metav1.ConditionFalse
		condition.Reason = v1alpha1.ReasonRejected
		condition.Message = "the data plane serves what was there before, because it refused this: " + cluster.ClipMessage(refused.Error())
	case report.Routes == 0:
		condition.Status = metav1.ConditionFalse
		condition.Reason = v1alpha1.ReasonNothingToProgram
		condition.Message = "no rule was accepted; Accepted says why"
	}
	return condition
}

// changed calls f with each object whose verdict differs from the one in the previous result, and with each that has no
// verdict any more.
func (r *result) changed(previous *result, f func(objectKey)) {
	for key, v := range r.verdicts {
		if previous == nil || previous.verdicts[key] != v {
			f(key)
		}
	}
	for key, v := range r.gateways {
		if previous == nil || previous.gateways[key] != v {
			f(objectKey{key.Kind, key.NamespacedName})
		}
	}
	if previous == nil {
		return
	}
	for key := range previous.verdicts {
		if _, ok := r.verdicts[key]; !ok {
			f(key)
		}
	}
}
