// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Input is what is audited, and what the controller makes of it.
type Input struct {
	// Ingresses are those that were written for ingress-nginx, and Settings what they have in common.
	Ingresses []*networkingv1.Ingress
	Settings  *nginx.Settings
	// Objects are what all objects that make routes were read as, and Snapshot is what is served of them.
	Objects  []*rules.Object
	Snapshot *snapshot.Snapshot
	// Secrets finds out which of these Secrets are there. Nothing in them is asked for. Nil tells of none.
	Secrets func(names []types.NamespacedName) (there map[types.NamespacedName]bool, err error)
}

// place is a rule of an object for a host. A rule that the reader made for several hosts has one id in all of them.
type place struct {
	id   snapshot.RuleID
	host string
}

// auditor audits.
type auditor struct {
	*Input
	// shared is what Ingresses of a namespace have in common by a host.
	shared nginx.Shared
	// objects are what the Ingresses were read as, in their order.
	objects []*rules.Object
	// theirs has the same objects.
	theirs map[*rules.Object]bool
	// routes and refused are the rules that are served and those that are not.
	routes  map[place]*snapshot.Route
	refused map[place]*snapshot.Unserved
	// makers are the objects that make every path of a host an expression, by host, and reasons the annotations by which
	// they do. having are all of the objects that have a host.
	makers, having map[string][]*rules.Object
	reasons        map[*rules.Object]string
	// users has the first Ingress that has a service and its port.
	users map[user]*rules.Object
	// lacking has the Secrets that are named, and not there.
	lacking map[types.NamespacedName]bool
	// others are the hosts that objects have which were not written for ingress-nginx.
	others map[string]bool
}

// Audit says what becomes of Ingresses.
func Audit(in *Input) *Report {
	a := &auditor{
		Input: in, shared: nginx.Shared{}, theirs: make(map[*rules.Object]bool),
		routes: make(map[place]*snapshot.Route), refused: make(map[place]*snapshot.Unserved),
		makers: make(map[string][]*rules.Object), having: make(map[string][]*rules.Object), reasons: make(map[*rules.Object]string),
		others: make(map[string]bool),
	}
	a.index()
	report := &Report{Ingresses: []Ingress{}, Counts: make(map[Verdict]int)}
	if in.Settings != nil {
		report.Notes = in.Settings.Notes()
	}
	if note := a.lookForSecrets(); note != "" {
		report.Notes = append(report.Notes, note)
	}
	for i, object := range in.Ingresses {
		one := a.ingress(object, a.objects[i])
		report.Counts[one.Verdict]++
		report.Ingresses = append(report.Ingresses, one)
	}
	slices.SortFunc(report.Ingresses, func(a, b Ingress) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	report.Expressions = a.expressions()
	report.Contested = a.contested()
	return report
}

// index finds what belongs to what.
func (a *auditor) index() {
	named := make(map[string]*rules.Object)
	for _, o := range a.Objects {
		if o.Kind == kinds.StandardKind {
			named[o.Namespace+"/"+o.Name] = o
		}
	}
	byAge := nginx.ByAge(a.Ingresses)
	for _, object := range byAge {
		a.shared.Add(object)
	}
	if a.Settings != nil {
		a.shared.AddRoutes(byAge, a.Settings)
	}
	for _, object := range a.Ingresses {
		o := named[object.Namespace+"/"+object.Name]
		a.objects = append(a.objects, o)
		a.theirs[o] = true
		a.reasons[o] = reasonOf(object)
		for h := range o.Hosts {
			host := &o.Hosts[h]
			addOnce(a.having, host.Name, o)
			if host.Expressions {
				addOnce(a.makers, host.Name, o)
			}
		}
	}
	a.findUsers(slices.SortedFunc(slices.Values(a.objects), rules.Older))
	for _, o := range a.Objects {
		for h := range o.Hosts {
			a.others[o.Hosts[h].Name] = a.others[o.Hosts[h].Name] || !a.theirs[o]
		}
	}
	a.Snapshot.EachHost(func(_ *snapshot.Listener, h *snapshot.Host) {
		for i := range h.Routes {
			a.routes[place{h.Routes[i].Rule, h.Name}] = &h.Routes[i]
		}
	})
	for i := range a.Snapshot.Unserved {
		u := &a.Snapshot.Unserved[i]
		a.refused[place{u.Rule, u.Host}] = u
	}
}

// addOnce adds an object to those of a host. All calls for one object follow each other.
func addOnce(to map[string][]*rules.Object, host string, o *rules.Object) {
	if known := to[host]; len(known) == 0 || known[len(known)-1] != o {
		to[host] = append(known, o)
	}
}

// reasonOf returns the annotation by which an Ingress makes its paths expressions, if it does.
func reasonOf(object *networkingv1.Ingress) string {
	if value := object.Annotations[nginx.Prefix+"use-regex"]; value != "" && !isOff(value) {
		return "use-regex"
	}
	return "rewrite-target"
}

// ingress audits an Ingress.
func (a *auditor) ingress(object *networkingv1.Ingress, o *rules.Object) Ingress {
	one := Ingress{Namespace: object.Namespace, Name: object.Name, Verdict: Same, Annotations: a.annotations(object)}
	one.Findings = slices.Concat(a.paths(o, one.Annotations), a.canary(object, o), a.displaced(o), a.secrets(o), a.infected(o))
	for i := range one.Annotations {
		one.Verdict = worse(one.Verdict, one.Annotations[i].Verdict)
	}
	for i := range one.Findings {
		one.Verdict = worse(one.Verdict, one.Findings[i].Verdict)
	}
	return one
}
