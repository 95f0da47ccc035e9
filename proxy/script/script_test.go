// SPDX-License-Identifier: Apache-2.0

package script

import (
	"slices"
	"testing"
)

func TestAScriptIsOneOfItsOwnText(t *testing.T) {
	t.Parallel()
	a := &Script{Location: []Step{{Op: Set, Variable: "a", Value: "1"}}, Fields: Level{Add: []Field{{Name: "X", Value: "1", Statuses: []int{200}}}}}
	b := &Script{Location: []Step{{Op: Set, Variable: "a", Value: "1"}}, Fields: Level{Add: []Field{{Name: "X", Value: "1", Statuses: []int{200}}}}}
	if !a.Equal(b) {
		t.Error("two scripts of the same text differ")
	}
	b.Fields.Add[0].Statuses = []int{201}
	if a.Equal(b) {
		t.Error("another status makes no difference")
	}
	if got := (&Script{Path: "^/a", Location: []Step{{Op: IfMatch, Expression: "b"}, {Op: IfMatch, Expression: "c", Fold: true}}}).Expressions(); !slices.Equal(got, []string{"(?i)^/a", "b", "(?i)c"}) {
		t.Errorf("the expressions are %q", got)
	}
}
