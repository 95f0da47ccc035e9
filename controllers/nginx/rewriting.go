// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// isExpression returns whether a path makes all paths of its host expressions.
func (r *reading) isExpression(path string) bool { return r.terms.regex || r.rewrites(path) }

// rewrites returns whether a backend gets another path than that of the rule.
func (r *reading) rewrites(path string) bool { return r.terms.rewrite != "" && r.terms.rewrite != path }

// rewrite has a rule change the path and the host that the backend gets. scripted is set if a script of the rule
// changes the path. It returns why the rule has to be closed.
func (r *reading) rewrite(rule *rules.Rule, path string, scripted bool) (closed string) {
	t := &r.terms
	change := policy.Rewrite{Untold: true}
	if r.rewrites(path) {
		switch {
		case scripted: // It has the target in it.
		case capture.MatchString(t.rewrite):
			change.Path.Expression = rewritten(path)
			change.Path.Substitution = groups(t.rewrite)
			closed = kinds.ExpressionFault("path", change.Path.Expression)
		default:
			change.Path.Replace, closed = kinds.CanonicalPath(t.rewrite)
		}
		if t.prefix != "" {
			r.setPrefix(rule)
		}
	}
	if t.vhost != "" && !hostVariables[t.vhost] {
		var service, port string
		if len(rule.Backends) > 0 {
			b := &rule.Backends[0]
			service, port = b.Service, cmp.Or(b.PortName, strconv.Itoa(int(b.Port)))
		}
		change.Host = fillIn(t.vhost, r.object.Namespace, r.object.Name, service, port)
		if !kinds.IsAuthority(change.Host) {
			closed = cmp.Or(closed, "annotation "+Prefix+"upstream-vhost makes "+rules.Quote(change.Host)+" of this path, which is no host: write it out")
		}
	}
	if closed == "" && change != (policy.Rewrite{Untold: true}) {
		rule.Policies = insert(rule.Policies, &change)
	}
	return closed
}

// rewritten returns an expression for all of a path that nginx rewrites. nginx looks for the rule's path anywhere in
// that, and puts the target in the place of all that there is.
func rewritten(path string) string {
	switch {
	case kinds.Alternates(path):
		return `\A(?s:.*?)(?i:` + path + `)(?s:.*)`
	case strings.HasSuffix(path, "(.*)"):
		return `\A(?i:` + path + `)`
	}
	return `\A(?i:` + path + `)(?s:.*)`
}

// setPrefix tells the backend what x-forwarded-prefix says.
func (r *reading) setPrefix(rule *rules.Rule) {
	field := policy.Header{Name: "X-Forwarded-Prefix", Value: r.terms.prefix}
	for i, p := range rule.Policies {
		if h, ok := p.(*policy.Headers); ok {
			changed := *h
			changed.Request.Set = append(slices.DeleteFunc(slices.Clone(h.Request.Set), func(o policy.Header) bool { return strings.EqualFold(o.Name, field.Name) }), field)
			slices.SortFunc(changed.Request.Set, func(a, b policy.Header) int { return compareNames(a.Name, b.Name) })
			rule.Policies[i] = &changed
			return
		}
	}
	rule.Policies = insert(rule.Policies, &policy.Headers{Request: policy.HeaderChanges{Set: []policy.Header{field}}})
}
