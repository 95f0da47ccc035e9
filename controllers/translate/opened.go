// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// noteExpressed notes on an object that another one made its paths of a host open expressions.
func (o *object) noteExpressed(h *host, list []rules.Rule) {
	if slices.ContainsFunc(list, func(r rules.Rule) bool { return r.Expression != nil }) {
		o.expressed = append(o.expressed, "those of "+hostText(h.name)+" because "+o.named(h.opened)+" has use-regex or rewrite-target")
	}
}

// expressions returns a text that says which of an object's paths others made open expressions.
func (o *object) expressions() string {
	if len(o.expressed) == 0 {
		return ""
	}
	return "; as ingress-nginx has it, paths are expressions without an end, in any case: " + strings.Join(rules.Bounded(o.expressed), ", ")
}

// named names another object, if the reader of this one may know of it.
func (o *object) named(other *rules.Object) string {
	if other.Namespace != o.Namespace {
		return "an Ingress of another namespace"
	}
	return "the Ingress " + rules.Clip(other.ID)
}

// isExactRoot returns whether a rule is for the path / alone.
func isExactRoot(rule *rules.Rule) bool {
	return rule.Match.Path == "/" && rule.Match.Type == snapshot.MatchExact
}

// deadRoot returns the problem of a rule for the path / alone on a host of open expressions. ingress-nginx has a
// location of its own for all that begins with /, or that of a Prefix, which comes first.
func deadRoot(c *candidate, host string) problem {
	return problem{entry: int(c.entry), rule: int(c.rule), unserved: true, reason: v1alpha1.ReasonPathConflict,
		text: "Exact / of " + hostText(host) + " is an expression, as all paths of the host are, and as such ingress-nginx sent nothing to it: " +
			"write Prefix for all that no other path takes, or the Exact one into an Ingress of " + v1alpha1.GroupVersion.Group}
}

// exactPath is a path of a host of open expressions that somebody wrote as Exact.
type exactPath struct {
	host int32
	path string
}

// keepExact takes from each Prefix on a host of open expressions what somebody has as Exact: what is left is the Prefix
// with a slash at its end. ingress-nginx does so unless the Prefix is of an Ingress with expressions of its own.
func (c *collector) keepExact(objects []object) {
	if c.hosts.openers == nil {
		return
	}
	written := func(i int) (o *object, rule *rules.Rule) {
		next := &c.candidates[i]
		if next.match != snapshot.MatchOpenExpression || next.loosened || next.rule == wholeHost {
			return nil, nil
		}
		o = &objects[next.object]
		return o, &o.Hosts[next.entry].Rules[next.rule]
	}
	exact := make(map[exactPath]bool)
	for i := range c.candidates {
		if _, rule := written(i); rule != nil && rule.Match.Type == snapshot.MatchExact {
			exact[exactPath{c.candidates[i].host, c.candidates[i].path}] = true
		}
	}
	if len(exact) == 0 {
		return
	}
	for i := range c.candidates {
		next := &c.candidates[i]
		o, rule := written(i)
		if rule != nil && rule.Match.Type != snapshot.MatchExact && !o.Hosts[next.entry].Expressions &&
			exact[exactPath{next.host, next.path}] && !strings.HasSuffix(next.path, "/") {
			next.path += "/"
		}
	}
}
