// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// The path of a gRPC request is /service/method. So a match of a GRPCRoute is one of paths. The API prefers the longer
// service, and then the longer method. A service that is written out is a prefix, and goes before every expression. Of
// expressions, those go first that say something of the service.
const (
	methodRank  = 1
	serviceRank = 2
)

// readGRPCMatch reads one match of a GRPCRoute. If some of it cannot be read, fault says so. Then the match is for all
// requests that it may have been meant for, as far as the rest of it tells.
func readGRPCMatch(from *gatewayv1.GRPCRouteMatch) (match rules.Match, fault string) {
	match, fault = readMethod(from.Method)
	headers := make([]valueMatch, len(from.Headers))
	for i := range from.Headers {
		h := &from.Headers[i]
		headers[i] = valueMatch{strings.ToLower(string(h.Name)), h.Value, string(or(h.Type, gatewayv1.GRPCHeaderMatchExact))}
	}
	list, headerFault := readConditions("header", headers)
	if len(list) > 0 {
		match.Conditions = &snapshot.Conditions{Headers: list}
	}
	return match, cmp.Or(fault, headerFault)
}

// readMethod reads which services and methods are meant.
func readMethod(from *gatewayv1.GRPCMethodMatch) (match rules.Match, fault string) {
	if from == nil {
		return rules.Match{Type: snapshot.MatchPrefix, Path: "/"}, ""
	}
	service, method := or(from.Service, ""), or(from.Method, "")
	switch kind := or(from.Type, gatewayv1.GRPCMethodMatchExact); {
	case service == "" && method == "":
		return rules.Match{Type: snapshot.MatchPrefix, Path: "/"}, ""
	case kind == gatewayv1.GRPCMethodMatchRegularExpression:
		return readMethodExpressions(service, method)
	case kind != gatewayv1.GRPCMethodMatchExact:
		return ranked(unreadable("/["), service, method), "a method of type " + rules.Quote(string(kind)) + " is not supported: write Exact or RegularExpression"
	case method == "":
		return readPlain(snapshot.MatchPrefix, "/"+service)
	case service == "":
		return ranked(rules.Match{Type: snapshot.MatchExpression, Path: "/" + segment + "/" + regexp.QuoteMeta(method), Beginning: "/"}, "", method), ""
	}
	return readPlain(snapshot.MatchExact, "/"+service+"/"+method)
}

// segment is an expression for every service, and for every method.
const segment = "[^/]+"

// readMethodExpressions reads a service and a method that are expressions. An empty one is for all.
func readMethodExpressions(service, method string) (match rules.Match, fault string) {
	written := "/" + strings.TrimPrefix(cmp.Or(service, segment), "^") + "/" + strings.TrimPrefix(cmp.Or(method, segment), "^")
	fault = cmp.Or(kinds.ExpressionFault("method.service", service), kinds.ExpressionFault("method.method", method))
	text := "/" + unanchored(cmp.Or(service, segment)) + "/" + unanchored(cmp.Or(method, segment))
	if fault = cmp.Or(fault, kinds.ExpressionFault("method", text)); fault != "" {
		return ranked(unreadable(written), service, method), fault
	}
	return ranked(rules.Match{Type: snapshot.MatchExpression, Path: text, Beginning: beginning(written)}, service, method), ""
}

// ranked returns a match by an expression with its place among others.
func ranked(match rules.Match, service, method string) rules.Match {
	if service != "" {
		match.Rank += serviceRank
	}
	if method != "" {
		match.Rank += methodRank
	}
	return match
}

// unanchored returns an expression as a part of a longer one. It has to match all of its part anyway, and an anchor
// would match nowhere there.
func unanchored(text string) string {
	if parsed, err := syntax.Parse(text, syntax.Perl); err == nil && dropAnchors(parsed) {
		text = parsed.String()
	}
	return "(?:" + text + ")"
}

// dropAnchors drops the anchors of an expression. It returns whether there were any.
func dropAnchors(of *syntax.Regexp) (dropped bool) {
	if isAnchor(of) {
		*of = syntax.Regexp{Op: syntax.OpEmptyMatch}
		return true
	}
	if of.Op == syntax.OpConcat {
		before := len(of.Sub)
		of.Sub = slices.DeleteFunc(of.Sub, isAnchor)
		dropped = len(of.Sub) < before
	}
	for _, sub := range of.Sub {
		dropped = dropAnchors(sub) || dropped
	}
	return dropped
}

func isAnchor(of *syntax.Regexp) bool {
	switch of.Op {
	case syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine:
		return true
	}
	return false
}
