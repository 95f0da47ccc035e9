// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readMatch reads one match of an HTTPRoute, or says what is wrong with it.
func readMatch(from *gatewayv1.HTTPRouteMatch) (match rules.Match, fault string) {
	if match, fault = readPath(from.Path); fault != "" {
		return match, fault
	}
	var conditions snapshot.Conditions
	if from.Method != nil {
		conditions.Methods = []string{string(*from.Method)}
	}
	for i := range from.Headers {
		h := &from.Headers[i]
		conditions.Headers = append(conditions.Headers, snapshot.Condition{
			Name: strings.ToLower(string(h.Name)), Value: h.Value,
			Match: valueMatch(string(or(h.Type, gatewayv1.HeaderMatchExact))),
		})
	}
	for i := range from.QueryParams {
		q := &from.QueryParams[i]
		conditions.Query = append(conditions.Query, snapshot.Condition{
			Name: string(q.Name), Value: q.Value, Match: valueMatch(string(or(q.Type, gatewayv1.QueryParamMatchExact))),
		})
	}
	if fault = cmp.Or(order(&conditions.Headers, "header"), order(&conditions.Query, "query parameter")); fault != "" {
		return match, fault
	}
	if len(conditions.Methods)+len(conditions.Headers)+len(conditions.Query) > 0 {
		match.Conditions = &conditions
	}
	return match, ""
}

func valueMatch(kind string) snapshot.ValueMatch {
	if kind == string(gatewayv1.HeaderMatchRegularExpression) {
		return snapshot.ValueRegularExpression
	}
	return snapshot.ValueExact
}

// order sorts conditions by name. Of several with one name the first counts, as the API says. It says what is wrong
// with an expression that does not compile.
func order(list *[]snapshot.Condition, what string) (fault string) {
	slices.SortStableFunc(*list, func(a, b snapshot.Condition) int { return cmp.Compare(a.Name, b.Name) })
	*list = slices.CompactFunc(*list, func(a, b snapshot.Condition) bool { return a.Name == b.Name })
	for i := range *list {
		c := &(*list)[i]
		if c.Match != snapshot.ValueRegularExpression {
			continue
		}
		if _, err := c.Expression(); err != nil {
			return "the value of " + what + " " + rules.Quote(c.Name) + " is no regular expression of RE2: " + err.Error()
		}
	}
	return ""
}

// readPath reads what a path has to be. A path that is spelled otherwise than requests are compared by means the same,
// so it is respelled.
func readPath(from *gatewayv1.HTTPPathMatch) (match rules.Match, fault string) {
	kind, value := gatewayv1.PathMatchPathPrefix, "/"
	if from != nil {
		kind, value = or(from.Type, kind), or(from.Value, value)
	}
	match.Path = value
	form, err := canonical.Path(nil, []byte(value))
	if err != nil {
		match.Senseless = true
		return match, "path " + rules.Quote(value) + " cannot be matched: " + err.Error()
	}
	match.Path = string(form)
	switch kind {
	case gatewayv1.PathMatchExact:
		match.Type = snapshot.MatchExact
	case gatewayv1.PathMatchPathPrefix:
		match.Type = snapshot.MatchPrefix
		if len(match.Path) > 1 {
			match.Path = strings.TrimSuffix(match.Path, "/")
		}
	default:
		match.Path, match.Senseless = value, true
		return match, "a path of type " + rules.Quote(string(kind)) + " is not supported: write Exact or PathPrefix"
	}
	return match, ""
}
