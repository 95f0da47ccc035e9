// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"maps"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// infected says which paths of an object are expressions though their author may not know it.
func (a *auditor) infected(o *rules.Object) []Finding {
	if o.Canary != nil {
		return nil
	}
	var found findings
	for h := range o.Hosts {
		host := &o.Hosts[h]
		makers := a.makers[host.Name]
		if len(makers) == 0 {
			continue
		}
		for r := range host.Rules {
			rule := &host.Rules[r]
			switch {
			case !a.isExpression(o, h, r):
			case !slices.Contains(makers, o):
				found.add(Finding{Kind: FindingExpression, Verdict: Same, Text: "is an expression that ignores case and is open at its end, because " +
					a.named(makers) + "; it was so in ingress-nginx"}, pathOf(host, r))
			case rule.Match.Type == snapshot.MatchExact && rule.Where != host.Where && !isMeta(rule.Match.Path):
				found.add(Finding{Kind: FindingExpression, Verdict: Same, Text: "is an expression that ignores case and is open at its end, though its type is Exact; " +
					"it was so in ingress-nginx"}, pathOf(host, r))
			}
		}
	}
	return found
}

// isMeta returns whether a path is more than a text.
func isMeta(path string) bool { return strings.ContainsAny(path, `()[]{}*+?^$|\`) }

// named names objects with the annotations that make their paths expressions.
func (a *auditor) named(makers []*rules.Object) string {
	return strings.Join(rules.Bounded(a.namesOf(makers)), ", ")
}

func (a *auditor) namesOf(makers []*rules.Object) (names []string) {
	for _, o := range makers {
		names = append(names, o.Namespace+"/"+o.Name+" has "+a.reasons[o])
	}
	slices.Sort(names)
	return names
}

// expressions returns the hosts of which every path is an expression.
func (a *auditor) expressions() (list []Expressions) {
	for _, name := range slices.Sorted(maps.Keys(a.makers)) {
		one := Expressions{Host: name, By: a.namesOf(a.makers[name])}
		for _, o := range a.having[name] {
			if !slices.Contains(a.makers[name], o) && o.Canary == nil && a.isInfected(o, name) {
				one.Infected = append(one.Infected, o.Namespace+"/"+o.Name)
			}
		}
		slices.Sort(one.Infected)
		list = append(list, one)
	}
	return list
}

// isExpression returns whether a path is served, and takes other requests because it is an expression. The path / of
// type Prefix takes all of them either way.
func (a *auditor) isExpression(o *rules.Object, h, r int) bool {
	host := &o.Hosts[h]
	rule := &host.Rules[r]
	return rule.Expression != nil && (rule.Match.Path != "/" || rule.Match.Type != snapshot.MatchPrefix) && a.refused[place{o.RuleID(h, r), host.Name}] == nil
}

// isInfected returns whether an object has such a path of a host.
func (a *auditor) isInfected(o *rules.Object, name string) bool {
	for h := range o.Hosts {
		for r := range o.Hosts[h].Rules {
			if o.Hosts[h].Name == name && a.isExpression(o, h, r) {
				return true
			}
		}
	}
	return false
}

// contested returns the hosts that several namespaces have.
func (a *auditor) contested() (list []Host) {
	// namespaces has those of each host, and refused those that are not served.
	namespaces, refused := make(map[string]map[string]bool), make(map[string]map[string]bool)
	for _, o := range a.Objects {
		for h := range o.Hosts {
			host := &o.Hosts[h]
			if host.Listener != nil || host.Name == "" {
				continue
			}
			note(namespaces, host.Name, o.Namespace)
			for r := range host.Rules {
				if u := a.refused[place{o.RuleID(h, r), host.Name}]; u != nil && u.Reason == v1alpha1.ReasonHostOwnedElsewhere {
					note(refused, host.Name, o.Namespace)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(namespaces)) {
		if len(namespaces[name]) < 2 {
			continue
		}
		one := Host{Name: name, Namespaces: slices.Sorted(maps.Keys(namespaces[name]))}
		if served := slices.DeleteFunc(slices.Clone(one.Namespaces), func(n string) bool { return refused[name][n] }); len(served) == 1 {
			one.Owner = served[0]
		}
		list = append(list, one)
	}
	return list
}

func note(in map[string]map[string]bool, key, value string) {
	if in[key] == nil {
		in[key] = make(map[string]bool)
	}
	in[key][value] = true
}
