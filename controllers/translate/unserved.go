// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"

	"github.com/warren-dev/ingress/proxy"
)

// unserved lists the paths that are written in Ingresses and have no route, so that the data plane can say why.
func unserved(ingresses []ingress) []proxy.Unserved {
	var list []proxy.Unserved
	for i := range ingresses {
		ing := &ingresses[i]
		for n := range ing.problems {
			if ing.problems[n].unserved {
				list = ing.appendUnserved(list, &ing.problems[n])
			}
		}
	}
	slices.SortFunc(list, proxy.Unserved.Compare)
	return list
}

// appendUnserved adds each path that the problem is about.
func (i *ingress) appendUnserved(list []proxy.Unserved, p *problem) []proxy.Unserved {
	rule := &i.object.Spec.Rules[p.rule]
	var reader pathReader
	for n := range rule.Paths {
		if p.path != wholeRule && p.path != n {
			continue
		}
		written := &rule.Paths[n]
		path, match, fault := reader.read(written)
		if fault != "" {
			path = string(written.Path)
		}
		beyond := i.beyond(int32(p.rule), int32(n))
		id := proxy.RuleID{Ingress: i.name, Rule: p.rule, Path: n}
		if i.isDefault(int32(p.rule)) {
			id.Rule = -1
		}
		list = append(list, proxy.Unserved{
			Host: string(rule.Host), Path: path, Match: match, Senseless: fault != "" || beyond != nil && beyond.pattern, Rule: id,
			Service: i.object.Namespace + "/" + string(written.Backend.ServiceName), Reason: p.reason, Why: p.full(),
		})
	}
	return list
}
