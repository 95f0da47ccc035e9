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

// Report is what to say about one object. It is about the one generation of the one object that UID and Generation
// name.
type Report struct {
	// Kind is "TLSCertificate", "Task", or the kind of a rules.Object.
	Kind            string
	Namespace, Name string
	UID             types.UID
	Generation      int64
	// Conditions have no LastTransitionTime. An Ingress has Accepted, ResolvedRefs and, with tls, CertificateReady. A Task
	// has Accepted and Healthy. A TLSCertificate has Accepted and Ready.
	Conditions []metav1.Condition
	// Routes counts the routes of an Ingress that are in the snapshot as they are written. If it is 0, there is nothing of
	// the Ingress to program.
	Routes int
	// CertificateHosts are the hosts that an Ingress with autoSSL has a certificate ordered for.
	CertificateHosts []string
	// Unrouted says that no rule has some hosts of a TLSCertificate, so that nothing but a renewal is ordered. It is empty
	// if there are none.
	Unrouted string
	// Unheeded lists the annotations of other controllers on a standard Ingress that have no effect here. It is empty if
	// there are none.
	Unheeded string
}

// problem keeps a rule, or all rules that an object has for a host, from being served as they are written. entry is an
// index into the object's Hosts, and rule one into the Rules of that host.
type problem struct {
	entry, rule  int
	reason, text string
	// clients is set if the problem is about what clients of hosts show. It keeps no path from its place.
	clients bool
	// then is what becomes of the rule, empty if another problem says so.
	then string
	// unserved is set if no request reaches the rule or host, not even to get an answer of its own.
	unserved bool
}

// wholeHost is the rule of a problem with everything that an object has for a host. wholeObject is the entry of a
// problem with the whole object.
const (
	wholeHost   = -1
	wholeObject = -1
)

// full returns what is wrong and what becomes of it.
func (p *problem) full() string {
	if p.then == "" {
		return p.text
	}
	return p.text + "; " + p.then
}

// noteFault notes what is wrong with the object as a whole.
func (o *object) noteFault() {
	if o.Fault == nil {
		return
	}
	o.problems = append(o.problems, problem{entry: wholeObject, rule: wholeHost, reason: v1alpha1.ReasonInvalidRule, text: o.Fault.Text})
}

// settleFault adds to the problem of a whole object what becomes of its paths, once it is known which places it has.
// Places that it does not have have their own problems.
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
		case o.Canary != nil:
			p.then = "it takes no share of any requests"
		case paths > 0 && o.closed == paths:
			p.then = "every path answers 503"
		case o.closed > 0:
			p.then = "its paths answer 503 where they are its own"
		}
	}
}

// loses removes what was said to become of a faulty rule, because another rule has its place.
func (o *object) loses(c *candidate) {
	for n := range o.problems {
		if p := &o.problems[n]; p.entry == int(c.entry) && p.rule == int(c.rule) && p.reason == v1alpha1.ReasonInvalidRule {
			p.then = ""
		}
	}
}

// reports returns what to say about all objects of an input.
func (b *building) reports(networks *networks) []Report {
	all := make([]Report, 0, len(b.objects)+len(b.in.Tasks)+len(b.in.TLSCertificates))
	// There are up to three conditions for each object that makes routes and two for each other one, in one piece of
	// memory.
	count := 2 * (len(b.objects) + len(b.in.Tasks) + len(b.in.TLSCertificates))
	for i := range b.objects {
		if len(b.objects[i].Certificates) > 0 {
			count++
		}
	}
	conditions := make([]metav1.Condition, 0, count)
	add := func(of Report, latest ...metav1.Condition) {
		first := len(conditions)
		for _, condition := range latest {
			condition.ObservedGeneration = of.Generation
			conditions = append(conditions, condition)
		}
		of.Conditions = conditions[first:len(conditions):len(conditions)]
		all = append(all, of)
	}
	b.eachReport(add)
	for _, task := range b.in.Tasks {
		add(reportOn(v1alpha1.TaskKind, &task.ObjectMeta), taskAccepted(task, networks), taskHealthy(task))
	}
	return inOrder(all)
}

// eachReport calls add with what to say about each object that makes routes, and about each TLSCertificate.
func (b *building) eachReport(add func(of Report, latest ...metav1.Condition)) {
	pools := b.pools
	for i := range b.objects {
		o := &b.objects[i]
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
	for i := range b.tlsCertificates {
		certificate := &b.tlsCertificates[i]
		of := reportOn(v1alpha1.TLSCertificateKind, &certificate.object.ObjectMeta)
		if len(certificate.unrouted) > 0 {
			of.Unrouted = "no certificate is ordered for " + rules.ListNames(certificate.unrouted) + ", which no rule of an Ingress has as its host: " +
				"add a rule, or take the host from the TLSCertificate"
		}
		add(of, certificate.accepted(), certificate.ready)
	}
}

// reportOn returns a report that says nothing yet.
func reportOn(kind string, object *metav1.ObjectMeta) Report {
	return Report{Kind: kind, Namespace: object.Namespace, Name: object.Name, UID: object.UID, Generation: object.Generation}
}

// inOrder sorts reports. It sorts their indexes first, because a report is twenty times as large.
func inOrder(reports []Report) []Report {
	indexes := make([]int32, len(reports))
	for i := range indexes {
		indexes[i] = int32(i)
	}
	slices.SortFunc(indexes, func(i, j int32) int { return reports[i].Compare(&reports[j]) })
	sorted := make([]Report, len(reports))
	for to, from := range indexes {
		sorted[to] = reports[from]
	}
	return sorted
}

// Compare orders reports by kind, namespace and name.
func (r *Report) Compare(o *Report) int {
	if c := strings.Compare(r.Namespace, o.Namespace); c != 0 && r.Kind == o.Kind {
		return c
	}
	return cmp.Or(strings.Compare(r.Kind, o.Kind), strings.Compare(r.Namespace, o.Namespace), strings.Compare(r.Name, o.Name))
}

// equal returns whether two reports say the same of the same generation of an object.
func (r *Report) equal(o *Report) bool {
	return r.Kind == o.Kind && r.Namespace == o.Namespace && r.Name == o.Name && r.UID == o.UID && r.Generation == o.Generation &&
		r.Routes == o.Routes && r.Unrouted == o.Unrouted && r.Unheeded == o.Unheeded &&
		slices.Equal(r.Conditions, o.Conditions) && slices.Equal(r.CertificateHosts, o.CertificateHosts)
}

// accepted returns the condition of an object that is accepted.
func accepted() metav1.Condition {
	return metav1.Condition{
		Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAccepted,
		Message: "everything in the object is acted on",
	}
}

// accepted returns a condition that is False if some rule is not served as it is written. Of several reasons it has the
// one that the author can do least about without others: a host that the namespace may not have, a host of another
// namespace, a mistake, a closed path, and last a path that an older rule has.
func (o *object) accepted() metav1.Condition {
	condition := accepted()
	switch {
	case len(o.shadowed) > 0:
		condition.Reason = v1alpha1.ReasonSomeHostsOwnedElsewhere
	case len(o.contested) > 0:
		condition.Reason = v1alpha1.ReasonPathsContested
	}
	if len(o.problems) == 0 {
		condition.Message += o.shadows() + o.contests() + o.expressions() + o.overrules()
		return condition
	}
	slices.SortFunc(o.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.entry, b.entry), cmp.Compare(a.rule, b.rule))
	})
	texts := make([]string, len(o.problems))
	for n, p := range o.problems {
		texts[n] = o.where(p.entry, p.rule) + ": " + p.full()
		if p.clients {
			texts[n] = o.clientsWhere() + ": " + p.text
		}
	}
	condition.Status = metav1.ConditionFalse
	condition.Reason = first(o.problems, func(p problem) string { return p.reason },
		v1alpha1.ReasonHostNotAllowed, v1alpha1.ReasonHostOwnedElsewhere, v1alpha1.ReasonInvalidRule,
		v1alpha1.ReasonClientCertificateConflict, v1alpha1.ReasonPathClosed,
		v1alpha1.ReasonPathConflict, v1alpha1.ReasonCanaryUnused)
	condition.Message = strings.Join(rules.Bounded(texts), "; ")
	switch {
	case !slices.ContainsFunc(o.problems, func(p problem) bool { return !p.clients }):
	case o.routes > 0:
		condition.Message += "; its other paths are served"
	default:
		condition.Message += "; no path of it is served"
	}
	condition.Message += o.shadows() + o.contests() + o.expressions() + o.overrules()
	return condition
}

// resolvedRefs returns a condition that is False if nothing serves some backend that a rule names, or if nothing is
// there that clients are to prove something by.
func (o *object) resolvedRefs(pools *pools) metav1.Condition {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionResolvedRefs, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonResolvedRefs,
		Message: "every backend is there",
	}
	var reasons, texts, notes []string
	add := func(f finding) {
		if f.reason == "" {
			notes = append(notes, f.text)
			return
		}
		reasons, texts = append(reasons, f.reason), append(texts, f.text)
	}
	for _, f := range o.references {
		add(f)
	}
	for _, index := range o.backends {
		p := &pools.list[index]
		add(finding{p.reason, p.backend.service + ":" + p.backend.portText() + ": " + p.finding})
	}
	for _, f := range o.auth {
		if f.reason != "" {
			f.text += "; until then nobody gets in where it is asked, and requests get 503"
		}
		add(finding(f))
	}
	if len(reasons) > 0 {
		condition.Status = metav1.ConditionFalse
		condition.Reason = first(reasons, func(reason string) string { return reason },
			v1alpha1.ReasonTooManyAuthSecrets, v1alpha1.ReasonTooManyKeySets, v1alpha1.ReasonAuthSecretNotFound, v1alpha1.ReasonAuthSecretInvalid,
			v1alpha1.ReasonTooManyAuthorities, v1alpha1.ReasonCANotFound, v1alpha1.ReasonCAInvalid, v1alpha1.ReasonCATooLarge,
			v1alpha1.ReasonCRLInvalid, v1alpha1.ReasonCRLExpired,
			v1alpha1.ReasonServiceNotFound, v1alpha1.ReasonPortNotFound, v1alpha1.ReasonNoEndpoints)
		condition.Message = strings.Join(rules.Bounded(texts), "; ")
	}
	if len(notes) > 0 {
		condition.Message += "; served all the same: " + strings.Join(rules.Bounded(notes), "; ")
	}
	return condition
}

func taskAccepted(task *v1alpha1.Task, networks *networks) metav1.Condition {
	condition := accepted()
	if _, fault := checkTask(task, networks); fault.text != "" {
		condition.Status = metav1.ConditionFalse
		condition.Reason = fault.reason
		condition.Message = fault.text
	} else if bounds := checkBounds(task.Spec.HealthCheck); bounds != "" {
		condition.Reason = v1alpha1.ReasonHealthCheckBounded
		condition.Message += "; of healthCheck, " + bounds
	}
	return condition
}

// taskHealthy follows status.health if another controller may write that. If the Task has a health check, what the data
// plane found replaces this condition.
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

// first returns, of the reasons that the items have, the one that comes first in order.
func first[T any](items []T, reason func(T) string, order ...string) string {
	for _, wanted := range order {
		if slices.ContainsFunc(items, func(item T) bool { return reason(item) == wanted }) {
			return wanted
		}
	}
	return reason(items[0])
}
