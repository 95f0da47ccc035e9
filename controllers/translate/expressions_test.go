// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A rule whose expressions are beyond what its namespace may have closes what it may be for, and no more. Its requests
// fall to no other rule.
func TestExpressionsBeyondThoseOfANamespaceAreClosed(t *testing.T) {
	const most = rules.MaxNamespaceExpressions
	matching := func(service, path, text string, size int) rules.Rule {
		r := asking(service, path, header("a", text))
		r.Match.Conditions.Headers[0].Match = snapshot.ValueRegularExpression
		r.Expressions = []rules.Expression{{Text: text, Size: size}}
		return r
	}
	expression := matching("expression", "/x[0-9]", "6", 2)
	expression.Match.Type, expression.Match.Beginning = snapshot.MatchExpression, "/x"
	mistaken := matching("mistaken", "/c", "7", 2)
	mistaken.Fault = &rules.Fault{Text: "no port", Closing: rules.InvalidRule}
	old := objectOf("old", 1, matching("first", "/a", "1", most-1), asking("rest", "/a", nil))
	young := objectOf("young", 2,
		matching("large", "/a", "2", 2), matching("larger", "/a", "3", 3), matching("small", "/a", "4", 1), matching("again", "/b", "1", most-1),
		expression, mistaken, asking("plain", "/b", nil))
	other := objectOf("other", 3, matching("other", "/a", "5", most))
	other.Namespace, other.ID, other.Hosts[0].Name = "other", "other/other", "y.io"
	s, reports := build(translate.Input{Objects: []*rules.Object{other, young, old}})
	var got []string
	for _, h := range s.Hosts {
		if err := h.Inspect(); err != nil {
			t.Error(err)
		}
		for _, r := range h.Routes {
			got = append(got, h.Name+" "+r.Match.String()+" "+r.Path+" if "+r.Conditions.String()+" -> "+r.Pool+" "+r.Closed)
		}
	}
	if diff := cmp.Diff([]string{
		`x.io RegularExpression .* if header a matches "(?s).*" -> default/expression:80/InvalidRule InvalidRule`,
		`x.io Prefix /a if header a matches "1" -> default/first:80 `,
		`x.io Prefix /a if header a matches "(?s).*" -> default/large:80/InvalidRule InvalidRule`,
		`x.io Prefix /a if header a matches "4" -> default/small:80 `,
		"x.io Prefix /a if  -> default/rest:80 ",
		`x.io Prefix /b if header a matches "1" -> default/again:80 `,
		"x.io Prefix /b if  -> default/plain:80 ",
		`x.io Prefix /c if header a matches "(?s).*" -> default/mistaken:80/InvalidRule InvalidRule`,
		`y.io Prefix /a if header a matches "5" -> other/other:80 `,
	}, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	const beyond = ": its regular expressions would take the namespace beyond 200000 instructions (about 20 MB) for those of all its rules, and " +
		"older ones count first: write exact values or prefixes, repeat less, or use the same expression in several rules; " +
		"all requests that it may be for answer 503"
	want := "large" + beyond + "; larger" + beyond + "; expression" + beyond + "; mistaken: no port; all requests that it may be for answer 503" +
		"; its other paths are served"
	told := conditionOf(t, reports, "Route", "default/young", v1alpha1.ConditionAccepted)
	if told.Status != metav1.ConditionFalse || told.Reason != v1alpha1.ReasonInvalidRule || told.Message != want {
		t.Errorf("the younger object is told %v %s %s", told.Status, told.Reason, cmp.Diff(want, told.Message))
	}
	for _, id := range []string{"default/old", "other/other"} {
		if told := conditionOf(t, reports, "Route", id, v1alpha1.ConditionAccepted); told.Status != metav1.ConditionTrue {
			t.Errorf("%s is told %q", id, told.Message)
		}
	}
}
