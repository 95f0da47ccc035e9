// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"cmp"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// rule reads a path.
func (r *reading) rule(host string, p *networkingv1.HTTPIngressPath) rules.Rule {
	path := cmp.Or(p.Path, "/")
	exact := p.PathType != nil && *p.PathType == networkingv1.PathTypeExact
	rule := rules.Rule{
		Policies: slices.Clone(r.policies), Timeouts: r.timeouts, Retries: r.retries, Retry: r.retry,
		Balancing: r.balancing, Persistence: r.persistence, Mirrors: r.mirrors, EndsConnections: r.terms.connection == "close",
	}
	var unreadable string
	if rule.Match, unreadable = kinds.LiteralMatch(path, exact); unreadable != "" {
		rule.Match.Fault = r.unreadable(host, path, unreadable)
	}
	rule.Expression = r.expression(path)
	closed := r.lead(&rule, &p.Backend)
	compiled, fault := r.script(&rule, host, path, r.isExpression(path))
	closed = cmp.Or(closed, fault)
	if closed == "" { // What is asked depends on the snippets, which may be those that cannot be kept.
		closed = r.authenticate(&rule, host, path, compiled)
	}
	if compiled != nil && len(compiled.Given) > 0 && (rule.Auth == nil || rule.Auth.External == nil) {
		closed = cmp.Or(closed, "auth_request_set of its snippets reads what a service answers, and none is asked here: write the annotation auth-url, or take it out")
	}
	closed = cmp.Or(closed, r.rewrite(&rule, path, compiled != nil && compiled.Script != nil))
	r.redirect(&rule, host, path)
	r.errorPages(&rule)
	r.own.Apply(&rule)
	r.block(&rule)
	if policy.Answers(rule.Policies) {
		rule.Backends, rule.ErrorPages, rule.Fallback = nil, nil, nil
	}
	rule.Expressions = kinds.Expressions(&rule)
	if r.terms.canary.on {
		rule.Expressions = append(rule.Expressions, kinds.CanaryExpressions(r.canary())...)
	}
	switch {
	case len(r.closing) > 0:
		rule.Fault = &rules.Fault{Closing: rules.ForeignAnnotation}
	case closed != "":
		rule.Fault = &rules.Fault{Text: closed, Closing: rules.ForeignAnnotation}
	}
	return rule
}

// unreadable returns the fault of a path that cannot be matched. It closes what the path may have been meant for, if
// the Ingress may say who gets in.
func (r *reading) unreadable(host, path, fault string) *rules.Fault {
	t := &r.terms
	if len(r.closing) == 0 && len(t.allowed)+len(t.denied)+t.perSecond+t.perMinute+t.connections == 0 && r.basic == nil && r.asks == nil &&
		r.snippetsOf(host) == (snippet.Snippets{}) && !r.own.MayGuard() {
		return &rules.Fault{Text: fault}
	}
	return &rules.Fault{Text: fault, Closing: rules.UnreadablePath, Beginning: kinds.ClosedText(path, true)}
}

// expression returns what the path matches where paths of its host are expressions.
func (r *reading) expression(path string) *rules.Match {
	m, fault := kinds.OpenExpression(path)
	if fault != "" {
		m.Fault = &rules.Fault{Text: fault, Closing: rules.UnreadablePath, Beginning: kinds.ClosedText(path, true)}
	}
	return &m
}

// lead sets the backend of a rule. It returns why the rule has to be closed.
func (r *reading) lead(rule *rules.Rule, to *networkingv1.IngressBackend) (closed string) {
	if to.Service == nil {
		return "backend.resource is not supported: name a Service under backend.service"
	}
	b := r.backend
	b.Service, b.Port, b.PortName = to.Service.Name, to.Service.Port.Number, to.Service.Port.Name
	rule.Backends = []rules.Backend{b}
	return ""
}
