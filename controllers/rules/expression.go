// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Expression is a regular expression of a rule. The data plane compiles each text once, however many rules have it.
type Expression struct {
	Text string
	// Part is set if it matches parts of values, as that of a rewrite does. Then it is compiled by itself.
	Part bool
	// Size is about what it takes when it is compiled, in instructions: 100 bytes each.
	Size int
}

// MaxNamespaceExpressions bounds the expressions of the rules of a namespace, in instructions: about 20 MB. Most
// expressions take 15 to 60. The Ingresses of a namespace may take as many, and its routes as many again.
const MaxNamespaceExpressions = 200_000

// anything and anyPath are expressions that every value and every path matches.
const anything, anyPath = "(?s).*", ".*"

// ExpressionBudget counts the expressions of namespaces. The zero value has counted none.
type ExpressionBudget struct {
	namespaces map[string]*namespaceExpressions
}

type namespaceExpressions struct {
	taken int
	// known has those that were counted, without their sizes.
	known map[Expression]struct{}
}

// Take counts the expressions of a rule of a namespace. Older objects have to come first. It returns a fault if the
// namespace has no room for them. Then it counts none of them, and the rule has to be closed, with [Match.Loosened].
func (b *ExpressionBudget) Take(namespace string, r *Rule) (fault string) {
	if len(r.Expressions) == 0 {
		return ""
	}
	n := b.namespaces[namespace]
	if n == nil {
		n = &namespaceExpressions{known: make(map[Expression]struct{})}
		if b.namespaces == nil {
			b.namespaces = make(map[string]*namespaceExpressions)
		}
		b.namespaces[namespace] = n
	}
	size := 0
	for _, e := range r.Expressions {
		if _, ok := n.known[Expression{Text: e.Text, Part: e.Part}]; !ok {
			size += e.Size
		}
	}
	if n.taken+size > MaxNamespaceExpressions {
		return "its regular expressions would take the namespace beyond " + strconv.Itoa(MaxNamespaceExpressions) + " instructions (about 20 MB) for those of " +
			"all its rules, and older ones count first: write exact values or prefixes, repeat less, or use the same expression in several rules"
	}
	n.taken += size
	for _, e := range r.Expressions {
		n.known[Expression{Text: e.Text, Part: e.Part}] = struct{}{}
	}
	return ""
}

// Loosened returns a match for all that m may match, and more, whose expressions take nothing. In place of an
// expression, it takes every path of the host, and every value of a header field or parameter. In place of an open
// expression, it takes all that begins as that does.
func (m *Match) Loosened() Match {
	loose := *m
	switch m.Type {
	case snapshot.MatchExpression:
		loose.Path, loose.Beginning = anyPath, "/"
	case snapshot.MatchOpenExpression:
		if m.Asks {
			// What may as well be missing at the end is not compiled, and the text still says which expression it was.
			loose.Path, loose.Asks = regexp.QuoteMeta(m.Beginning)+"(?:"+m.Path+")*", false
		}
	}
	if c := m.Conditions; c != nil {
		loose.Conditions = &snapshot.Conditions{
			Methods: c.Methods, Headers: loosened(c.Headers), Cookies: loosened(c.Cookies), Query: loosened(c.Query),
		}
	}
	return loose
}

func loosened(list []snapshot.Condition) []snapshot.Condition {
	list = slices.Clone(list)
	for i := range list {
		if list[i].Match == snapshot.ValueRegularExpression {
			list[i] = AnyValue(list[i].Name)
		}
	}
	return list
}

// AnyValue returns a condition that asks for the name of a header field or parameter alone.
func AnyValue(name string) snapshot.Condition {
	return snapshot.Condition{Name: name, Value: anything, Match: snapshot.ValueRegularExpression}
}
