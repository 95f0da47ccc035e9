// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhichConditionsComeFirst(t *testing.T) {
	t.Parallel()
	a, b := snapshot.Condition{Name: "a", Value: "1"}, snapshot.Condition{Name: "b", Value: "1"}
	inOrder := []*snapshot.Conditions{
		{Methods: []string{"GET"}, Headers: []snapshot.Condition{a}},
		{Methods: []string{"GET"}, Query: []snapshot.Condition{a, b}},
		{Methods: []string{"GET", "PUT"}},
		{Headers: []snapshot.Condition{a, b}, Query: []snapshot.Condition{a}},
		{Headers: []snapshot.Condition{a, b}},
		{Headers: []snapshot.Condition{b}, Cookies: []snapshot.Condition{a}},
		{Headers: []snapshot.Condition{b}, Query: []snapshot.Condition{a, b}},
		{Cookies: []snapshot.Condition{a, b}},
		{Cookies: []snapshot.Condition{a}, Query: []snapshot.Condition{a}},
		{Query: []snapshot.Condition{a, b}},
		{Query: []snapshot.Condition{b}},
		nil,
	}
	for i, one := range inOrder {
		for j, other := range inOrder {
			got, want := one.Precedence(other), 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got != want {
				t.Errorf("%q to %q: %d, want %d", one, other, got, want)
			}
		}
	}
	if one, other := inOrder[2], (&snapshot.Conditions{Methods: []string{"PUT"}}); one.Precedence(other) != 0 {
		t.Error("the number of methods decides")
	}
}

// Conditions are compared by their texts. So different conditions must have different texts.
func TestConditionsInWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		conditions *snapshot.Conditions
		want       string
	}{
		{nil, ""},
		{&snapshot.Conditions{Methods: []string{"GET", "PUT"}}, `method GET or PUT`},
		{&snapshot.Conditions{Methods: []string{"GET or PUT"}}, `method "GET or PUT"`},
		{
			&snapshot.Conditions{
				Headers: []snapshot.Condition{{Name: "x-a", Value: `"`}, {Name: "x-b", Value: ".*", Match: snapshot.ValueRegularExpression}},
				Query:   []snapshot.Condition{{Name: "v", Value: "2"}},
			},
			`header x-a is "\""; header x-b matches ".*"; query parameter v is "2"`,
		},
		{&snapshot.Conditions{Cookies: []snapshot.Condition{{Name: "c", Value: "always"}}}, `cookie c is "always"`},
		{&snapshot.Conditions{Query: []snapshot.Condition{{Name: `v is "2"; header a`, Value: ""}}}, `query parameter "v is \"2\"; header a" is ""`},
		{&snapshot.Conditions{Query: []snapshot.Condition{{Name: "\xff", Value: "\xfe�"}}}, `query parameter "\xff" is "\xfe�"`},
	} {
		if diff := cmp.Diff(test.want, test.conditions.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestExpressionsMatchWholeValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		expression, value string
		want              bool
	}{
		{"a|b", "a", true}, {"a|b", "ab", false}, {"a|b", "b\n", false}, {"(?m)a$", "a\nb", false}, {"a.b", "a\nb", false},
		{"A", "a", false}, {"(?i)A", "a", true}, {"", "", true}, {"", "a", false}, {"^a$", "a", true},
	} {
		e, err := snapshot.WholeExpression(test.expression)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.MatchString(test.value); got != test.want {
			t.Errorf("%q matches %q: %t, want %t", test.expression, test.value, got, test.want)
		}
	}
	for _, expression := range []string{"(", "a)|(?:b", "[", `\z)(`} {
		if _, err := snapshot.WholeExpression(expression); err == nil {
			t.Errorf("%q compiles", expression)
		}
	}
}

func TestRoutesOfAPlaceAreInTheOrderOfPreference(t *testing.T) {
	t.Parallel()
	on := func(path string, c *snapshot.Conditions) snapshot.Route {
		return snapshot.Route{Path: path, Conditions: c}
	}
	header := func(names ...string) *snapshot.Conditions {
		c := &snapshot.Conditions{}
		for _, name := range names {
			c.Headers = append(c.Headers, snapshot.Condition{Name: name, Value: "1"})
		}
		return c
	}
	query := &snapshot.Conditions{Query: []snapshot.Condition{{Name: "V", Value: "1"}, {Name: "v", Value: "1"}}}
	get := &snapshot.Conditions{Methods: []string{"GET"}}
	for name, test := range map[string]struct {
		routes []snapshot.Route
		want   string
	}{
		"in order":                  {[]snapshot.Route{on("/", get), on("/", header("a", "b")), on("/", header("b")), on("/", header("a")), on("/", query), on("/", nil)}, ""},
		"the same elsewhere":        {[]snapshot.Route{on("/", get), on("/a", get), {Path: "/a", Match: snapshot.MatchExact, Conditions: get}}, ""},
		"paths out of order":        {[]snapshot.Route{on("/b", nil), on("/a", nil)}, `routes are not sorted: Prefix "/a" follows Prefix "/b"`},
		"matches out of order":      {[]snapshot.Route{{Path: "/", Match: snapshot.MatchExact}, on("/", nil)}, `routes are not sorted: Prefix "/" follows Exact "/"`},
		"preference out of order":   {[]snapshot.Route{on("/", header("a")), on("/", get)}, `path "/": routes are not in the order of preference: that with "method GET" follows`},
		"one without conditions":    {[]snapshot.Route{on("/", nil), on("/", get)}, "not in the order of preference"},
		"two without conditions":    {[]snapshot.Route{on("/", nil), on("/", nil)}, `path "/" occurs twice`},
		"the same conditions twice": {[]snapshot.Route{on("/", header("a")), on("/", header("b")), on("/", header("a"))}, `path "/" occurs twice with the conditions header a is "1"`},
		"empty conditions":          {[]snapshot.Route{on("/", &snapshot.Conditions{})}, `path "/": conditions that ask for nothing`},
		"a Text with conditions":    {[]snapshot.Route{{Path: "/", Match: snapshot.MatchText, Conditions: get}}, "a Text has no conditions"},
		"methods out of order":      {[]snapshot.Route{on("/", &snapshot.Conditions{Methods: []string{"PUT", "GET"}})}, "methods are not sorted"},
		"a method twice":            {[]snapshot.Route{on("/", &snapshot.Conditions{Methods: []string{"GET", "GET"}})}, `method "GET" occurs twice`},
		"a method without a name":   {[]snapshot.Route{on("/", &snapshot.Conditions{Methods: []string{""}})}, "a method has no name"},
		"headers out of order":      {[]snapshot.Route{on("/", header("b", "a"))}, "headers are not sorted"},
		"a header twice":            {[]snapshot.Route{on("/", header("a", "a"))}, `header "a" occurs twice`},
		"a header in upper case":    {[]snapshot.Route{on("/", header("A"))}, `header "A" is not in lower case`},
		"a cookie in upper case":    {[]snapshot.Route{on("/", &snapshot.Conditions{Cookies: []snapshot.Condition{{Name: "A", Value: "1"}}})}, `cookie "A" is not in lower case`},
		"a cookie twice":            {[]snapshot.Route{on("/", &snapshot.Conditions{Cookies: []snapshot.Condition{{Name: "a"}, {Name: "a"}}})}, `cookie "a" occurs twice`},
		"a header without a name":   {[]snapshot.Route{on("/", header(""))}, "a header has no name"},
		"a parameter twice":         {[]snapshot.Route{on("/", &snapshot.Conditions{Query: []snapshot.Condition{query.Query[0], query.Query[0]}})}, `query parameter "V" occurs twice`},
		"a match that is none":      {[]snapshot.Route{on("/", &snapshot.Conditions{Query: []snapshot.Condition{{Name: "v", Match: 9}}})}, "compared in no way"},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range test.routes {
				test.routes[i].Pool = "p"
			}
			err := (&snapshot.Host{Name: "h", Routes: test.routes}).Inspect()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
