// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// Report is what is to be said about one object. It speaks of one generation of one object, which UID and Generation
// name, and of no other.
type Report struct {
	// Kind is a kind of the API package, "TLSCertificate" or "Task", or that of a rules.Object.
	Kind            string
	Namespace, Name string
	UID             types.UID
	Generation      int64
	// Conditions have no LastTransitionTime. An Ingress has Accepted, ResolvedRefs and, with tls, CertificateReady; a Task
	// Accepted and Healthy; a TLSCertificate Accepted and Ready.
	Conditions []metav1.Condition
	// Routes counts the routes of an Ingress that are in the snapshot as they are written. Where it is 0, there is nothing
	// of the Ingress to program.
	Routes int
	// CertificateHosts are the hosts that an Ingress with autoSSL has a certificate ordered for.
	CertificateHosts []string
	// Unheeded says which annotations of other controllers a standard Ingress has that nothing is done about here. It is
	// empty for none.
	Unheeded string
}

// problem keeps a rule of an object, or all rules that it has for a host, from being served as they are written. entry
// is the index among its Hosts, and rule that among those Rules.
type problem struct {
	entry, rule  int
	reason, text string
	// then is what becomes of it, empty where another problem says that.
	then string
	// unserved is set where no request gets to the rule or host, and not even to an answer that is its own.
	unserved bool
}

// wholeHost is the rule of a problem that is about all that an object has for a host, and wholeObject the entry of one
// that is about all of it.
const (
	wholeHost   = -1
	wholeObject = -1
)

// full is what is wrong and what becomes of it.
func (p *problem) full() string {
	if p.then == "" {
		return p.text
	}
	return p.text + "; " + p.then
}

// noteFault notes what is wrong with an object as a whole.
func (o *object) noteFault() {
	if o.Fault == nil {
		return
	}
	o.problems = append(o.problems, problem{entry: wholeObject, rule: wholeHost, reason: v1alpha1.ReasonInvalidRule, text: o.Fault.Text})
}

// settleFault says of what is wrong with an object as a whole what becomes of its paths, once it is known which places
// are its own. Those that are not have a problem of their own.
func (o *object) settleFault() {
	if o.Fault == nil {
		return
	}
	paths := o.size()
	for n := range o.problems {
		p := &o.problems[n]
		switch {
		case p.entry != wholeObject:
		case o.closedHosts > 0 && o.closedHosts == len(o.Hosts):
			p.then = "every path answers 503, and so does all else of its hosts"
		case o.closedHosts > 0:
			p.then = "all of its hosts answers 503 where they are its own"
		case paths > 0 && o.closed == paths:
			p.then = "every path answers 503"
		case o.closed > 0:
			p.then = "its paths answer 503 where they are its own"
		}
	}
}

// loses takes back what was said of a faulty rule whose place turns out to be another's.
func (o *object) loses(c *candidate) {
	for n := range o.problems {
		if p := &o.problems[n]; p.entry == int(c.entry) && p.rule == int(c.rule) && p.reason == v1alpha1.ReasonInvalidRule {
			p.then = ""
		}
	}
}

func reports(in Input, objects []object, tlsCertificates []tlsCertificate, pools *pools) []Report {
	all := make([]Report, 0, len(objects)+len(in.Tasks)+len(in.TLSCertificates))
	// Up to three conditions for each object that makes routes and two for each of the others, in one piece of memory.
	count := 2 * (len(objects) + len(in.Tasks) + len(in.TLSCertificates))
	for i := range objects {
		if len(objects[i].Certificates) > 0 {
			count++
		}
	}
	conditions := make([]metav1.Condition, 0, count)
	add := func(of Report, said ...metav1.Condition) {
		first := len(conditions)
		for _, condition := range said {
			condition.ObservedGeneration = of.Generation
			conditions = append(conditions, condition)
		}
		of.Conditions = conditions[first:len(conditions):len(conditions)]
		all = append(all, of)
	}
	for i := range objects {
		o := &objects[i]
		of := Report{
			Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, UID: o.UID, Generation: o.Generation, Routes: o.routes,
			CertificateHosts: o.certificateHosts, Unheeded: o.Unheeded,
		}
		if len(o.Certificates) == 0 {
			add(of, o.accepted(), o.resolvedRefs(pools))
		} else {
			add(of, o.accepted(), o.resolvedRefs(pools), o.certificateReady())
		}
	}
	for _, task := range in.Tasks {
		add(reportOn(v1alpha1.TaskKind, &task.ObjectMeta), taskAccepted(task, in.Options.AllowLocalTasks), taskHealthy(task))
	}
	for i := range tlsCertificates {
		certificate := &tlsCertificates[i]
		add(reportOn(v1alpha1.TLSCertificateKind, &certificate.object.ObjectMeta), certificate.accepted(), certificate.ready)
	}
	return inOrder(all)
}

// reportOn returns a report that says nothing yet.
func reportOn(kind string, object *metav1.ObjectMeta) Report {
	return Report{Kind: kind, Namespace: object.Namespace, Name: object.Name, UID: object.UID, Generation: object.Generation}
}

// inOrder sorts reports. What moves about meanwhile are their indexes: a report is twenty times as large.
func inOrder(reports []Report) []Report {
	indexes := make([]int32, len(reports))
	for i := range indexes {
		indexes[i] = int32(i)
	}
	slices.SortFunc(indexes, func(i, j int32) int {
		a, b := &reports[i], &reports[j]
		if c := strings.Compare(a.Namespace, b.Namespace); c != 0 && a.Kind == b.Kind {
			return c
		}
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	sorted := make([]Report, len(reports))
	for to, from := range indexes {
		sorted[to] = reports[from]
	}
	return sorted
}

// accepted is the condition of an object that is taken.
func accepted() metav1.Condition {
	return metav1.Condition{
		Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAccepted,
		Message: "everything in the object is acted on",
	}
}

// accepted is False where a rule is not served as it is written. Of several reasons it has the one that the author can
// do least about without others: a host that its namespace may not have, one that is another's, then a mistake, then a
// path that an older rule has.
func (o *object) accepted() metav1.Condition {
	condition := accepted()
	if len(o.shadowed) > 0 {
		condition.Reason = v1alpha1.ReasonSomeHostsOwnedElsewhere
	}
	if len(o.problems) == 0 {
		condition.Message += o.shadows()
		return condition
	}
	slices.SortFunc(o.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.entry, b.entry), cmp.Compare(a.rule, b.rule))
	})
	texts := make([]string, len(o.problems))
	for n, p := range o.problems {
		texts[n] = o.where(p.entry, p.rule) + ": " + p.full()
	}
	condition.Status = metav1.ConditionFalse
	condition.Reason = first(o.problems, func(p problem) string { return p.reason },
		v1alpha1.ReasonHostNotAllowed, v1alpha1.ReasonHostOwnedElsewhere, v1alpha1.ReasonInvalidRule, v1alpha1.ReasonPathClosed,
		v1alpha1.ReasonPathConflict)
	condition.Message = strings.Join(rules.Bounded(texts), "; ")
	if o.routes > 0 {
		condition.Message += "; its other paths are served"
	} else {
		condition.Message += "; no path of it is served"
	}
	condition.Message += o.shadows()
	return condition
}

// resolvedRefs is False where a backend that a rule names is not served by anything.
func (o *object) resolvedRefs(pools *pools) metav1.Condition {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionResolvedRefs, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonResolvedRefs,
		Message: "every backend is there",
	}
	var unresolved []*pool
	var texts, notes []string
	for _, index := range o.backends {
		p := &pools.list[index]
		text := p.backend.service + ":" + p.backend.portText() + ": " + p.finding
		if p.reason == "" {
			notes = append(notes, text)
			continue
		}
		unresolved = append(unresolved, p)
		texts = append(texts, text)
	}
	if len(unresolved) > 0 {
		condition.Status = metav1.ConditionFalse
		condition.Reason = first(unresolved, func(p *pool) string { return p.reason },
			v1alpha1.ReasonTooManyAuthorities, v1alpha1.ReasonCANotFound, v1alpha1.ReasonCAInvalid, v1alpha1.ReasonCATooLarge,
			v1alpha1.ReasonServiceNotFound, v1alpha1.ReasonPortNotFound, v1alpha1.ReasonNoEndpoints)
		condition.Message = strings.Join(rules.Bounded(texts), "; ")
	}
	if len(notes) > 0 {
		condition.Message += "; served all the same: " + strings.Join(rules.Bounded(notes), "; ")
	}
	return condition
}

func taskAccepted(task *v1alpha1.Task, local bool) metav1.Condition {
	condition := accepted()
	if _, fault := taskFault(task, local); fault != "" {
		condition.Status = metav1.ConditionFalse
		condition.Reason = v1alpha1.ReasonInvalidTask
		condition.Message = fault
	}
	return condition
}

// taskHealthy follows status.health where another controller may write it. Where there is a health check, what the data
// plane has found takes the place of this condition.
func taskHealthy(task *v1alpha1.Task) metav1.Condition {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionHealthy, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNoHealthCheck,
		Message: "there is no healthCheck, and nothing reported the instance unhealthy",
	}
	switch {
	case Reported(task) == v1alpha1.HealthUnhealthy:
		condition.Status = metav1.ConditionFalse
		condition.Reason = v1alpha1.ReasonReportedUnhealthy
		condition.Message = "status.health is Unhealthy"
	case task.Spec.HealthCheck != nil:
		condition.Status = metav1.ConditionUnknown
		condition.Reason = v1alpha1.ReasonNotProbed
		condition.Message = "the instance has not been probed: no rule of an Ingress reaches it, or it is new"
	}
	return condition
}

// first returns the reason that comes first in order among those that the items have.
func first[T any](items []T, reason func(T) string, order ...string) string {
	for _, wanted := range order {
		if slices.ContainsFunc(items, func(item T) bool { return reason(item) == wanted }) {
			return wanted
		}
	}
	return reason(items[0])
}
