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
	// Kind is a kind of the API package, "Ingress", "TLSCertificate" or "Task", or StandardKind.
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

// problem keeps a rule of an Ingress, or one path of it, from being served as it is written.
type problem struct {
	rule, path   int
	reason, text string
	// then is what becomes of it, empty where another problem says that.
	then string
	// unserved is set where no request gets to the rule or path, and not even to an answer that is its own.
	unserved bool
}

// wholeRule is the path of a problem that is about all of a rule's paths, and wholeIngress the rule of one that is
// about all rules.
const (
	wholeRule    = -1
	wholeIngress = -1
)

// full is what is wrong and what becomes of it.
func (p *problem) full() string {
	if p.then == "" {
		return p.text
	}
	return p.text + "; " + p.then
}

// noteFault notes what is wrong with a standard Ingress as a whole.
func (i *ingress) noteFault() {
	if i.standard == nil || i.standard.fault == "" {
		return
	}
	i.problems = append(i.problems, problem{rule: wholeIngress, path: wholeRule, reason: v1alpha1.ReasonInvalidRule, text: i.standard.fault})
}

// settleFault says of what is wrong with a standard Ingress as a whole what becomes of its paths, once it is known
// which places are its own. Those that are not have a problem of their own.
func (i *ingress) settleFault() {
	if i.standard == nil || i.standard.fault == "" {
		return
	}
	paths := 0
	for r := range i.object.Spec.Rules {
		paths += len(i.object.Spec.Rules[r].Paths)
	}
	for n := range i.problems {
		p := &i.problems[n]
		switch {
		case p.rule != wholeIngress:
		case i.closedHosts > 0 && i.closedHosts == len(i.object.Spec.Rules):
			p.then = "every path answers 503, and so does all else of its hosts"
		case i.closedHosts > 0:
			p.then = "all of its hosts answers 503 where they are its own"
		case paths > 0 && i.closed == paths:
			p.then = "every path answers 503"
		case i.closed > 0:
			p.then = "its paths answer 503 where they are its own"
		}
	}
}

// loses takes back what was said of a faulty path that turns out to be another's.
func (i *ingress) loses(c *candidate) {
	for n := range i.problems {
		if p := &i.problems[n]; p.rule == int(c.rule) && p.path == int(c.index) && p.reason == v1alpha1.ReasonInvalidRule {
			p.then = ""
		}
	}
}

func reports(in Input, ingresses []ingress, tlsCertificates []tlsCertificate, pools *pools) []Report {
	all := make([]Report, 0, len(ingresses)+len(in.Tasks)+len(in.TLSCertificates))
	// Up to three conditions for each Ingress and two for each of the others, in one piece of memory.
	count := 2 * (len(ingresses) + len(in.Tasks) + len(in.TLSCertificates))
	for i := range ingresses {
		if len(ingresses[i].tls) > 0 {
			count++
		}
	}
	conditions := make([]metav1.Condition, 0, count)
	add := func(kind string, object *metav1.ObjectMeta, routes int, said ...metav1.Condition) {
		first := len(conditions)
		for _, condition := range said {
			condition.ObservedGeneration = object.Generation
			conditions = append(conditions, condition)
		}
		all = append(all, Report{
			Kind: kind, Namespace: object.Namespace, Name: object.Name, UID: object.UID, Generation: object.Generation,
			Conditions: conditions[first:len(conditions):len(conditions)],
			Routes:     routes,
		})
	}
	for i := range ingresses {
		ing := &ingresses[i]
		if len(ing.tls) == 0 {
			add(ing.kind(), &ing.object.ObjectMeta, ing.routes, ing.accepted(), ing.resolvedRefs(pools))
		} else {
			add(ing.kind(), &ing.object.ObjectMeta, ing.routes, ing.accepted(), ing.resolvedRefs(pools), ing.certificateReady())
			all[len(all)-1].CertificateHosts = ing.certificateHosts
		}
		if ing.standard != nil {
			all[len(all)-1].Unheeded = ing.standard.unheeded
		}
	}
	for _, task := range in.Tasks {
		add(v1alpha1.TaskKind, &task.ObjectMeta, 0, taskAccepted(task, in.Options.AllowLocalTasks), taskHealthy(task))
	}
	for i := range tlsCertificates {
		certificate := &tlsCertificates[i]
		add(v1alpha1.TLSCertificateKind, &certificate.object.ObjectMeta, 0, certificate.accepted(), certificate.ready)
	}
	return inOrder(all)
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
func (i *ingress) accepted() metav1.Condition {
	condition := accepted()
	if len(i.shadowed) > 0 {
		condition.Reason = v1alpha1.ReasonSomeHostsOwnedElsewhere
	}
	if len(i.problems) == 0 {
		condition.Message += i.shadows()
		return condition
	}
	slices.SortFunc(i.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.path, b.path))
	})
	texts := make([]string, len(i.problems))
	for n, p := range i.problems {
		texts[n] = i.location(p.rule, p.path) + ": " + p.full()
	}
	condition.Status = metav1.ConditionFalse
	condition.Reason = first(i.problems, func(p problem) string { return p.reason },
		v1alpha1.ReasonHostNotAllowed, v1alpha1.ReasonHostOwnedElsewhere, v1alpha1.ReasonInvalidRule, v1alpha1.ReasonPathClosed,
		v1alpha1.ReasonPathConflict)
	condition.Message = strings.Join(rules.Bounded(texts), "; ")
	if i.routes > 0 {
		condition.Message += "; its other paths are served"
	} else {
		condition.Message += "; no path of it is served"
	}
	condition.Message += i.shadows()
	return condition
}

// resolvedRefs is False where a backend that a rule names is not served by anything.
func (i *ingress) resolvedRefs(pools *pools) metav1.Condition {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionResolvedRefs, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonResolvedRefs,
		Message: "every backend is there",
	}
	var unresolved []*pool
	var texts, notes []string
	for _, index := range i.backends {
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
