// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestANamespaceHasRoomForSoManyExpressions(t *testing.T) {
	t.Parallel()
	var budget ExpressionBudget
	const half = MaxNamespaceExpressions / 2
	for i, test := range []struct {
		namespace   string
		expressions []Expression
		taken       bool
	}{
		{"a", []Expression{{Text: "x", Size: half}}, true},
		{"a", []Expression{{Text: "x", Size: half}}, true},                          // the same text takes nothing
		{"b", []Expression{{Text: "x", Size: half}, {Text: "y", Size: half}}, true}, // another namespace has its own room
		{"a", []Expression{{Text: "y", Size: half}, {Text: "z", Size: 1}}, false},
		{"a", []Expression{{Text: "x", Size: half}, {Text: "y", Size: half}}, true}, // nothing of the one before was counted
		{"a", []Expression{{Text: "z", Size: 1}}, false},
		{"a", []Expression{{Text: "x", Size: half}, {Text: "y", Size: half}}, true},
		{"a", nil, true},
		{"a", []Expression{{Text: "x", Part: true, Size: 1}}, false}, // it is compiled by itself
		{"b", []Expression{{Text: "z", Size: 1}}, false},
	} {
		fault := budget.Take(test.namespace, &Rule{Expressions: test.expressions})
		if (fault == "") != test.taken || !test.taken && !strings.Contains(fault, "200000 instructions") {
			t.Errorf("%d: %v of %s are told %q", i, test.expressions, test.namespace, fault)
		}
	}
}

func TestALoosenedMatchHasNoExpressionsOfItsOwn(t *testing.T) {
	t.Parallel()
	expression := func(name, text string) snapshot.Condition {
		return snapshot.Condition{Name: name, Value: text, Match: snapshot.ValueRegularExpression}
	}
	from := Match{
		Path: "/a[0-9]", Type: snapshot.MatchExpression, Beginning: "/a", Rank: 2,
		Conditions: &snapshot.Conditions{
			Methods: []string{"GET"}, Headers: []snapshot.Condition{expression("a", "1+"), {Name: "b", Value: "1"}}, Query: []snapshot.Condition{expression("c", "2+")},
		},
	}
	want := Match{
		Path: ".*", Type: snapshot.MatchExpression, Beginning: "/", Rank: 2,
		Conditions: &snapshot.Conditions{
			Methods: []string{"GET"}, Headers: []snapshot.Condition{expression("a", "(?s).*"), {Name: "b", Value: "1"}}, Query: []snapshot.Condition{expression("c", "(?s).*")},
		},
	}
	if diff := cmp.Diff(want, from.Loosened()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if from.Conditions.Headers[0].Value != "1+" {
		t.Error("the match itself was changed")
	}
	open := Match{Path: "/a.b[0-9]", Type: snapshot.MatchOpenExpression, Beginning: "/a.", Asks: true}
	loose := open.Loosened()
	if want := (Match{Path: `/a\.(?:/a.b[0-9])*`, Type: snapshot.MatchOpenExpression, Beginning: "/a."}); !cmp.Equal(want, loose) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, loose))
	}
	if read, err := snapshot.ReadOpenExpression(loose.Path); err != nil || read != (snapshot.OpenExpression{Text: "/a.", Then: snapshot.ThenAnything}) {
		t.Errorf("%s is read as %+v %v", loose.Path, read, err)
	}
	text := Match{Path: "/a(/|$)(.*)", Type: snapshot.MatchOpenExpression, Beginning: "/a"}
	if diff := cmp.Diff(text, text.Loosened()); diff != "" {
		t.Errorf("a text (-want +got):\n%s", diff)
	}
	plain := Match{Path: "/a"}
	if diff := cmp.Diff(Match{Path: "/a"}, plain.Loosened()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
