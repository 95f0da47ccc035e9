// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// Header fields that one author names leave those that another does.
func TestHeadersOfAnnotationsComeAfterOthers(t *testing.T) {
	t.Parallel()
	field := func(name, value string) policy.Header { return policy.Header{Name: name, Value: value} }
	first := policy.HeaderChanges{
		Add: []policy.Header{field("X-Added", "1")}, Set: []policy.Header{field("X-Both", "1"), field("X-First", "1"), field("X-Gone", "1"), field("X-There", "1")},
		Append: []policy.Header{field("Vary", "A")}, Remove: []string{"server", "x-hidden", "x-shown"},
	}
	then := policy.HeaderChanges{
		Add: []policy.Header{field("X-Added", "2"), field("X-Hidden", "2"), field("X-There", "2")}, Set: []policy.Header{field("A", "2"), field("x-both", "2"), field("X-Shown", "2")},
		Append: []policy.Header{field("Vary", "B")}, Remove: []string{"x-gone"},
	}
	want := policy.HeaderChanges{
		Add: []policy.Header{field("X-Added", "1"), field("X-Hidden", "2")}, Append: []policy.Header{field("Vary", "A"), field("Vary", "B")},
		Set: []policy.Header{field("A", "2"), field("x-both", "2"), field("X-First", "1"), field("X-Shown", "2"), field("X-There", "1")}, Remove: []string{"server", "x-gone", "x-hidden"},
	}
	rule := rules.Rule{Policies: []policy.Policy{&policy.Headers{Request: first}}}
	a := Annotated{rule: rules.Rule{Policies: []policy.Policy{&policy.Headers{Request: then}}}}
	a.Apply(&rule)
	if diff := cmp.Diff([]policy.Policy{&policy.Headers{Request: want}}, rule.Policies); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
