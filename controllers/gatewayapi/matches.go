// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readMatch reads one match of an HTTPRoute. If some of it cannot be read, fault says so. Then the match is for all
// requests that it may have been meant for, as far as the rest of it tells.
func readMatch(from *gatewayv1.HTTPRouteMatch) (match rules.Match, fault string) {
	match, fault = readPath(from.Path)
	var conditions snapshot.Conditions
	if from.Method != nil {
		conditions.Methods = []string{string(*from.Method)}
	}
	headers := make([]valueMatch, len(from.Headers))
	for i := range from.Headers {
		h := &from.Headers[i]
		headers[i] = valueMatch{strings.ToLower(string(h.Name)), h.Value, string(or(h.Type, gatewayv1.HeaderMatchExact))}
	}
	query := make([]valueMatch, len(from.QueryParams))
	for i := range from.QueryParams {
		q := &from.QueryParams[i]
		query[i] = valueMatch{string(q.Name), q.Value, string(or(q.Type, gatewayv1.QueryParamMatchExact))}
	}
	var headerFault, queryFault string
	conditions.Headers, headerFault = readConditions("header", headers)
	conditions.Query, queryFault = readConditions("query parameter", query)
	if len(conditions.Methods)+len(conditions.Headers)+len(conditions.Query) > 0 {
		match.Conditions = &conditions
	}
	return match, cmp.Or(fault, headerFault, queryFault)
}

// valueMatch is what a match asks of a header field or of a query parameter.
type valueMatch struct{ name, value, kind string }

// readConditions returns conditions sorted by name. Of several with one name the first counts, as the API says. One
// whose value cannot be read asks for the name alone.
func readConditions(what string, from []valueMatch) (list []snapshot.Condition, fault string) {
	slices.SortStableFunc(from, func(a, b valueMatch) int { return cmp.Compare(a.name, b.name) })
	from = slices.CompactFunc(from, func(a, b valueMatch) bool { return a.name == b.name })
	for _, c := range from {
		read, unreadable := snapshot.Condition{Name: c.name, Value: c.value}, ""
		switch c.kind {
		case string(gatewayv1.HeaderMatchExact):
		case string(gatewayv1.HeaderMatchRegularExpression):
			read.Match = snapshot.ValueRegularExpression
			unreadable = kinds.ExpressionFault("the value of "+what+" "+rules.Clip(c.name), c.value)
		default:
			unreadable = "the value of " + what + " " + rules.Clip(c.name) + " is of type " + rules.Quote(c.kind) + ": write Exact or RegularExpression"
		}
		if unreadable != "" {
			read = rules.AnyValue(c.name)
			fault = cmp.Or(fault, unreadable)
		}
		list = append(list, read)
	}
	return list, fault
}

// readPath reads what a path has to be.
func readPath(from *gatewayv1.HTTPPathMatch) (match rules.Match, fault string) {
	kind, value := gatewayv1.PathMatchPathPrefix, "/"
	if from != nil {
		kind, value = or(from.Type, kind), or(from.Value, value)
	}
	switch kind {
	case gatewayv1.PathMatchExact:
		return readPlain(snapshot.MatchExact, value)
	case gatewayv1.PathMatchPathPrefix:
		return readPlain(snapshot.MatchPrefix, value)
	case gatewayv1.PathMatchRegularExpression:
		match = rules.Match{Type: snapshot.MatchExpression, Path: value, Beginning: beginning(value)}
		if fault = kinds.ExpressionFault("path", value); fault != "" {
			return unreadable(value), fault
		}
		return match, ""
	}
	return unreadable(value), "a path of type " + rules.Quote(string(kind)) + " is not supported: write Exact, PathPrefix or RegularExpression"
}

// readPlain reads a path that requests are compared with. If it is spelled otherwise than requests are compared by, it
// means the same, so it is respelled. If it cannot be spelled so, then no request is meant: those that have such a path
// are refused before any rule is asked.
func readPlain(kind snapshot.PathMatch, value string) (match rules.Match, fault string) {
	form, err := canonical.Path(nil, []byte(value))
	if err != nil {
		return rules.Match{Type: kind, Path: value, Senseless: true}, "path " + rules.Quote(value) + " cannot be matched: " + err.Error()
	}
	match = rules.Match{Type: kind, Path: string(form)}
	if kind == snapshot.MatchPrefix && len(match.Path) > 1 {
		match.Path = strings.TrimSuffix(match.Path, "/")
	}
	return match, ""
}

// unreadable returns the match for all paths that an expression may have been meant for which cannot be read: those
// that begin as it does. It has the place of an expression, after all plain paths, so that it closes no other rule.
func unreadable(expression string) rules.Match {
	from := beginning(expression)
	return rules.Match{Type: snapshot.MatchExpression, Path: regexp.QuoteMeta(from) + ".*", Beginning: from}
}

// beginning returns what all paths begin with that an expression matches.
func beginning(expression string) string {
	return kinds.ClosedText(strings.TrimPrefix(expression, "^"), true)
}
