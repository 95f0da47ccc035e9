// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// backends returns what serves a candidate's route: the id of one pool, or a list if that does not say all.
func (c *candidate) backends(rule *rules.Rule, pools *pools) (only string, list []snapshot.Backend) {
	if len(rule.Backends) == 1 {
		b := &rule.Backends[0]
		if id := pools.serving(c.pools[0], b); id != "" && b.Weight > 0 && len(b.Policies) == 0 {
			return id, nil
		}
	}
	for i := range rule.Backends {
		b := &rule.Backends[i]
		list = append(list, snapshot.Backend{Pool: pools.serving(c.pools[i], b), Weight: int(b.Weight), Policies: b.Policies})
	}
	return "", list
}

// mirrors returns what gets copies of the requests of a candidate's route. It leaves out what cannot be used.
func (c *candidate) mirrors(rule *rules.Rule, pools *pools) (list []snapshot.Mirror) {
	for i := range rule.Mirrors {
		m := &rule.Mirrors[i]
		if id := pools.serving(c.pools[len(rule.Backends)+i], &m.Backend); id != "" {
			list = append(list, snapshot.Mirror{Pool: id, Numerator: int(m.Numerator), Denominator: int(m.Denominator), Host: m.Host, Bare: m.Bare})
		}
	}
	return list
}

// errorPages returns what has pages for a candidate's route. It leaves out what cannot be used.
func (c *candidate) errorPages(rule *rules.Rule, pools *pools) (list []snapshot.ErrorPage) {
	for i := range rule.ErrorPages {
		p := &rule.ErrorPages[i]
		if id := pools.serving(c.pools[len(rule.Backends)+len(rule.Mirrors)+i], &p.Backend); id != "" {
			list = append(list, snapshot.ErrorPage{Pool: id, Statuses: p.Statuses, Path: p.Path, Handles: p.Handles, Fields: p.Fields})
		}
	}
	return list
}

// standIn returns what gets the requests of a candidate's route that no endpoint takes, nil for nothing.
func (c *candidate) standIn(rule *rules.Rule, pools *pools) *snapshot.Fallback {
	if rule.Fallback == nil {
		return nil
	}
	id := pools.serving(c.pools[len(c.pools)-1], &rule.Fallback.Backend)
	if id == "" {
		return nil
	}
	return &snapshot.Fallback{Pool: id, Fields: rule.Fallback.Fields}
}

// serving returns the id of the pool that serves a backend, and marks the pool as used. It is empty if the backend
// cannot be used.
func (p *pools) serving(index int32, b *rules.Backend) string {
	if index == noPool || b.MustExist && p.list[index].isMissing() {
		return ""
	}
	return p.use(index)
}

// isMissing returns whether there is no such service, or no such port of it.
func (p *pool) isMissing() bool {
	return p.reason == v1alpha1.ReasonServiceNotFound || p.reason == v1alpha1.ReasonPortNotFound
}

// servicesOf lists the services of a rule, each as "namespace/name", for people. It is empty if the rule has no
// backends.
func servicesOf(o *object, rule *rules.Rule) string {
	names := make([]string, len(rule.Backends))
	for i := range rule.Backends {
		names[i] = o.NamespaceOf(&rule.Backends[i]) + "/" + rule.Backends[i].Service
	}
	return strings.Join(rules.Bounded(names), ", ")
}
