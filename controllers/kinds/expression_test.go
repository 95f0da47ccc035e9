// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestTheExpressionsOfAMatch(t *testing.T) {
	t.Parallel()
	expression := func(name, text string) snapshot.Condition {
		return snapshot.Condition{Name: name, Value: text, Match: snapshot.ValueRegularExpression}
	}
	plain := rules.Match{Path: "/a{9}", Conditions: &snapshot.Conditions{Methods: []string{"GET"}, Headers: []snapshot.Condition{{Name: "a", Value: "a{9}"}}}}
	if got := Expressions(&plain); got != nil {
		t.Errorf("a match without expressions has %v", got)
	}
	got := Expressions(&rules.Match{Path: "/a", Type: snapshot.MatchExpression, Conditions: &snapshot.Conditions{
		Headers: []snapshot.Condition{expression("a", "b{99}"), {Name: "b", Value: "c{9}"}, expression("c", "/a")},
		Query:   []snapshot.Condition{expression("a", `\pL{2}`), expression("b", "b{99}")},
	}})
	// A class takes by its ranges: unicode.L has some 600.
	if n := len(got); n != 3 || got[2].Size < 200 || got[2].Size > 400 {
		t.Fatalf("got %v", got)
	}
	got[2].Size = 0
	if diff := cmp.Diff([]rules.Expression{{Text: "/a", Size: 14}, {Text: "b{99}", Size: 120}, {Text: `\pL{2}`}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
