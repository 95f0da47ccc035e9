// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestAnExpressionWithinAValue(t *testing.T) {
	for _, test := range []struct {
		expression, value string
		want              bool
	}{
		{"b", "abc", true}, {"^b", "abc", false}, {"^a", "abc", true}, {"c$", "abc", true}, {"a$", "abc", false}, {"a|c", "xxcxx", true},
		{"(?i)A", "bab", true}, {"B", "(?i)b", false}, {"", "", true}, {"x", "", false}, {"b", "a\nb\nc", true},
	} {
		whole, err := snapshot.WholeExpression(Within(test.expression))
		if err != nil {
			t.Fatal(err)
		}
		if got := whole.MatchString(test.value); got != test.want {
			t.Errorf("%q within %q: %t, want %t", test.expression, test.value, got, test.want)
		}
	}
}
