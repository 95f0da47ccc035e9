// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// unserved lists the rules in objects that have no route, so that the data plane can say why.
func unserved(objects []object) []snapshot.Unserved {
	var list []snapshot.Unserved
	for i := range objects {
		o := &objects[i]
		for n := range o.problems {
			if p := &o.problems[n]; p.unserved {
				list = o.appendUnserved(list, &o.problems[n])
			}
		}
	}
	slices.SortStableFunc(list, snapshot.Unserved.Compare)
	return list
}

// appendUnserved adds each rule that the problem is about.
func (o *object) appendUnserved(list []snapshot.Unserved, p *problem) []snapshot.Unserved {
	host := &o.Hosts[p.entry]
	for n := range host.Rules {
		if p.rule != wholeHost && p.rule != n {
			continue
		}
		rule := &host.Rules[n]
		list = append(list, snapshot.Unserved{
			Listener: host.Address(), Host: host.Name, Path: rule.Match.Path, Match: rule.Match.Type, Conditions: rule.Match.Conditions,
			Senseless: rule.Match.Senseless, Rule: o.RuleID(p.entry, n), Service: servicesOf(o, rule),
			Reason: p.reason, Why: p.full(),
		})
	}
	return list
}
