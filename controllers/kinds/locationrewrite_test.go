// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

var _ = keepsNobodyOut("location-rewrite")

func TestReadLocationRewrite(t *testing.T) {
	t.Parallel()
	got, fault := readLocationRewrite(&v1alpha1.LocationRewrite{Prefixes: []v1alpha1.URLPrefix{{From: "http://a:81/", To: "/"}, {From: "/b", To: "https://c/b"}}})
	want := &policy.LocationRewrite{Changes: []policy.ValueChange{{From: "http://a:81/", To: "/"}, {From: "/b", To: "https://c/b"}}}
	if fault != "" {
		t.Fatal(fault)
	}
	if diff := cmp.Diff(*want, *got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for want, prefixes := range map[string][]v1alpha1.URLPrefix{
		"locationRewrite.prefixes has 0: write 1 to 16":   nil,
		"locationRewrite.prefixes has 17: write 1 to 16":  make([]v1alpha1.URLPrefix, 17),
		`locationRewrite.prefixes has "", which`:          {{From: "", To: "/"}},
		`locationRewrite.prefixes has "/\r\nA: b", which`: {{From: "/", To: "/\r\nA: b"}},
		`locationRewrite.prefixes has "/é", which`:        {{From: "/é", To: "/"}},
		`locationRewrite.prefixes has "/aa`:               {{From: "/", To: "/" + strings.Repeat("a", 512)}},
	} {
		if got, fault := readLocationRewrite(&v1alpha1.LocationRewrite{Prefixes: prefixes}); got != nil || !strings.HasPrefix(fault, want) {
			t.Errorf("got %+v, %q, want %q", got, fault, want)
		}
	}
}

// What the expressions of all policies take of memory is bounded together.
func TestExpressionsOfWhatIsChangedInResponsesAreCounted(t *testing.T) {
	t.Parallel()
	rule := &rules.Rule{Policies: []policy.Policy{
		&policy.LocationRewrite{Changes: []policy.ValueChange{{From: "/", To: "/"}, {Expression: "a+"}}},
		&policy.CookieRewrite{Domains: []policy.ValueChange{{Expression: "b+"}}, Paths: []policy.ValueChange{{Expression: "c+"}, {Expression: "a+"}}},
	}}
	var texts []string
	for _, e := range Expressions(rule) {
		if texts = append(texts, e.Text); !e.Part || e.Size == 0 {
			t.Errorf("%+v", e)
		}
	}
	if diff := cmp.Diff([]string{"a+", "b+", "c+"}, texts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
