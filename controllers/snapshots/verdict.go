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
	// reports are those that the verdicts were made from, in their order.
	reports []*translate.Report
	// verdicts has a verdict for each object of this build.
	verdicts *verdicts
	// serving has the verdicts of the build that the data plane serves. It is verdicts unless refused is set, which says
	// that the data plane refused this snapshot. It is nil until the data plane has taken one.
	serving *verdicts
	refused bool
	// differing are the objects of which the verdict is another one than in the result before, in any order.
	differing []difference
	// gateways has a verdict for each object of the Gateway API of the build that the data plane serves.
	gateways map[gatewayapi.Key]*gatewayapi.Verdict
}

// difference is an object and its verdicts in the result before and now, nil for none.
type difference struct {
	objectKey
	before, now *Verdict
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

// served returns the UID and generation of each Ingress, Gateway and route that the data plane does not serve any more
// as in the result before, and of each that it serves now, and of the Services of Gateways what it opens of them.
func (r *result) served(previous *result) (before, now iter.Seq2[types.UID, int64]) {
	if previous != nil && !previous.refused && !r.refused {
		return func(yield func(types.UID, int64) bool) {
				for _, d := range r.differing {
					if d.before != nil && isIngress(d.kind) && !yield(d.before.uid, d.before.generation) {
						return
					}
				}
				previous.servedGateways(yield)
			}, func(yield func(types.UID, int64) bool) {
				for _, d := range r.differing {
					if d.now != nil && isIngress(d.kind) && !yield(d.now.uid, d.now.generation) {
						return
					}
				}
				r.servedGateways(yield)
			}
	}
	if previous == nil {
		previous = &result{}
	}
	return previous.allServed, r.allServed
}

// allServed calls yield with everything that is served.
func (r *result) allServed(yield func(types.UID, int64) bool) {
	for key, v := range r.serving.all() {
		if isIngress(key.kind) && !yield(v.uid, v.generation) {
			return
		}
	}
	r.servedGateways(yield)
}

func (r *result) servedGateways(yield func(types.UID, int64) bool) {
	for _, v := range r.gateways {
		if !yield(v.UID, v.Generation) {
			return
		}
		if s := v.Service; s != nil && s.There != "" && !yield(s.There, s.Opened) {
			return
		}
	}
}

// judge adds the verdicts on the objects of the Gateway API. If the data plane refused the snapshot, it serves what was
// there before, and so do they.
func (r *result) judge(previous *result, attached *gatewayapi.Attached, in *translate.Input, reports []*translate.Report, refused error) {
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
	var routes []translate.Report
	for _, report := range reports {
		if gatewayapi.IsRoute(report.Kind) {
			routes = append(routes, *report)
		}
	}
	r.gateways = attached.Judge(in.Secrets, in.Authorities, routes)
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

// nextResult returns the result of a build from its reports, which are sorted, and from how the data plane answered.
func nextResult(previous *result, reports []*translate.Report, generation uint64, refused error) *result {
	// A report that is the same one leads to the same verdict, unless the data plane refuses something, now or before.
	again := previous != nil && refused == nil && !previous.refused
	if previous == nil {
		previous = &result{}
	}
	next := &result{generation: generation, reports: reports, refused: refused != nil}
	judge := func(report *translate.Report) {
		key := keyOfReport(report)
		before := previous.verdicts.of(key)
		if v := verdictOn(report, before, previous.serving.of(key), refused); v != before {
			next.differing = append(next.differing, difference{key, before, v})
		}
	}
	old := previous.reports
	for _, report := range reports {
		for len(old) > 0 && old[0] != report && old[0].Compare(report) < 0 {
			next.gone(previous, old[0])
			old = old[1:]
		}
		same := len(old) > 0 && old[0] == report
		if !same || !again {
			judge(report)
		}
		if same || len(old) > 0 && old[0].Compare(report) == 0 {
			old = old[1:]
		}
	}
	for _, report := range old {
		next.gone(previous, report)
	}
	next.verdicts = previous.verdicts.with(next.differing)
	next.serving = next.verdicts
	if refused != nil {
		next.generation, next.serving = previous.generation, previous.serving
	}
	return next
}

// gone notes that there is no verdict any more on the object of a report before.
func (r *result) gone(previous *result, report *translate.Report) {
	key := keyOfReport(report)
	r.differing = append(r.differing, difference{key, previous.verdicts.of(key), nil})
}

func keyOfReport(r *translate.Report) objectKey {
	return objectKey{r.Kind, types.NamespacedName{Namespace: r.Namespace, Name: r.Name}}
}

// verdictOn returns the verdict that a report leads to, which is the one before if that says the same.
func verdictOn(r *translate.Report, before, serving *Verdict, refused error) *Verdict {
	v := &Verdict{uid: r.UID, generation: r.Generation, Conditions: r.Conditions, certificateHosts: r.CertificateHosts, Unheeded: r.Unheeded,
		Unrouted: r.Unrouted}
	if isIngress(r.Kind) {
		v.Conditions = append(slices.Clip(v.Conditions), programmed(r, serving, refused))
	}
	if before != nil && before.equal(v) {
		return before
	}
	return v
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
	for _, d := range r.differing {
		f(d.objectKey)
	}
	for key, v := range r.gateways {
		if previous == nil || previous.gateways[key] != v {
			f(objectKey{key.Kind, key.NamespacedName})
		}
	}
}
