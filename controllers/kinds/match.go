// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readConditions reads what a path asks of requests besides their path. It returns nil if that is nothing.
func readConditions(p *v1alpha1.IngressPath) (read *snapshot.Conditions, fault string) {
	if len(p.Methods) == 0 && p.Match == nil {
		return nil, ""
	}
	read = new(snapshot.Conditions)
	for _, method := range p.Methods {
		if !IsToken(string(method)) {
			return nil, "methods has " + rules.Quote(string(method)) + ", which is no method: write one such as GET"
		}
		read.Methods = append(read.Methods, string(method))
	}
	read.Methods = sortNames(read.Methods)
	if p.Match == nil {
		return read, ""
	}
	if len(p.Match.Headers)+len(p.Match.Query) == 0 {
		return nil, "match asks for nothing: write headers or query, or leave match out"
	}
	for i := range p.Match.Headers {
		h := &p.Match.Headers[i]
		if !IsToken(h.Name) {
			return nil, "match.headers has " + rules.Quote(h.Name) + ", which is no header name: write letters, digits and hyphens, such as X-Canary"
		}
		if read.Headers, fault = addCondition(read.Headers, "match.headers", strings.ToLower(h.Name), h.Value, h.Type); fault != "" {
			return nil, fault
		}
	}
	for i := range p.Match.Query {
		q := &p.Match.Query[i]
		if q.Name == "" {
			return nil, "match.query has a parameter without a name: write one"
		}
		if read.Query, fault = addCondition(read.Query, "match.query", q.Name, q.Value, q.Type); fault != "" {
			return nil, fault
		}
	}
	return read, ""
}

// addCondition puts a condition into its place in a list that is sorted by name.
func addCondition(list []snapshot.Condition, field, name, value string, match v1alpha1.ValueMatchType) ([]snapshot.Condition, string) {
	c := snapshot.Condition{Name: name, Value: value}
	switch match {
	case v1alpha1.ValueMatchExact, "":
	case v1alpha1.ValueMatchRegularExpression:
		c.Match = snapshot.ValueRegularExpression
		if fault := ExpressionFault(field+"["+rules.Clip(name)+"].value", value); fault != "" {
			return nil, fault
		}
	default:
		return nil, field + " has the type " + rules.Quote(string(match)) + ": write Exact or RegularExpression"
	}
	at, twice := slices.BinarySearchFunc(list, name, func(c snapshot.Condition, name string) int { return cmp.Compare(c.Name, name) })
	if twice {
		return nil, field + " has " + rules.Clip(name) + " twice: write it once"
	}
	return slices.Insert(list, at, c), ""
}
