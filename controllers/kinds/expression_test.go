// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestTheExpressionsOfARule(t *testing.T) {
	t.Parallel()
	header := func(name, text string) v1alpha1.HeaderMatch {
		return v1alpha1.HeaderMatch{Name: name, Value: text, Type: v1alpha1.ValueMatchRegularExpression}
	}
	backend := v1alpha1.IngressBackend{ServiceName: "web", Port: 80}
	got := new(ruleReader).warrenRule(&v1alpha1.IngressPath{Path: "/a{9}", Backend: backend, Match: &v1alpha1.Match{Headers: []v1alpha1.HeaderMatch{{Name: "a", Value: "a{9}"}}}})
	if got.Fault != nil || got.Expressions != nil {
		t.Errorf("a rule without expressions has %v, %+v", got.Expressions, got.Fault)
	}
	got = new(ruleReader).warrenRule(&v1alpha1.IngressPath{
		Path: "/a", PathType: v1alpha1.PathTypeRegularExpression, Backend: backend,
		Match: &v1alpha1.Match{
			Headers: []v1alpha1.HeaderMatch{header("a", "b{99}"), {Name: "b", Value: "c{9}"}, header("c", "/a")},
			Query: []v1alpha1.QueryMatch{{Name: "a", Value: `\pL{2}`, Type: v1alpha1.ValueMatchRegularExpression},
				{Name: "b", Value: "b{99}", Type: v1alpha1.ValueMatchRegularExpression}},
		},
		PathPolicies: v1alpha1.PathPolicies{Rewrite: &v1alpha1.Rewrite{Regex: &v1alpha1.Substitution{Pattern: "/a", Substitution: "/b"}}},
	})
	// A class takes by its ranges: unicode.L has some 600.
	if n := len(got.Expressions); got.Fault != nil || n != 4 || got.Expressions[3].Size < 200 || got.Expressions[3].Size > 400 {
		t.Fatalf("got %v, %+v", got.Expressions, got.Fault)
	}
	got.Expressions[3].Size = 0
	want := []rules.Expression{{Text: "/a", Part: true, Size: 14}, {Text: "/a", Size: 14}, {Text: "b{99}", Size: 120}, {Text: `\pL{2}`}}
	if diff := cmp.Diff(want, got.Expressions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a RoutePolicy rewrites by counts as the route's, beside what it has already.
func TestTheExpressionOfARoutePolicyCounts(t *testing.T) {
	t.Parallel()
	rule := rules.Rule{Match: rules.Match{Path: "/a"}, Expressions: []rules.Expression{{Text: "x", Size: 13}}}
	fault := AddPolicies(&rule, &v1alpha1.PathPolicies{Rewrite: &v1alpha1.Rewrite{Regex: &v1alpha1.Substitution{Pattern: "/a", Substitution: "/b"}}})
	if diff := cmp.Diff([]rules.Expression{{Text: "x", Size: 13}, {Text: "/a", Part: true, Size: 14}}, rule.Expressions); diff != "" || fault != "" {
		t.Errorf("%s (-want +got):\n%s", fault, diff)
	}
}

func TestTheExpressionOfAnAnnotationCounts(t *testing.T) {
	t.Parallel()
	object := &networkingv1.Ingress{Spec: networkingv1.IngressSpec{
		DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: 80}}},
	}}
	object.Annotations = map[string]string{v1alpha1.GroupName + "/rewrite": "{regex: {pattern: /a, substitution: /b}}"}
	read := ReadStandard(object)
	if diff := cmp.Diff([]rules.Expression{{Text: "/a", Part: true, Size: 14}}, read.Hosts[0].Rules[0].Expressions); diff != "" {
		t.Errorf("%+v (-want +got):\n%s", read.Fault, diff)
	}
}

func TestOpenExpressionsAreReadWithWhatTheyTake(t *testing.T) {
	for path, want := range map[string]rules.Match{
		"/Shop":                           {Beginning: "/shop"},
		"/shop(/|$)(.*)":                  {Beginning: "/shop"},
		"/shop/[0-9]+":                    {Beginning: "/shop/", Asks: true},
		"/a|/b":                           {Beginning: "/", Asks: true},
		"/(?!api)":                        {Beginning: "/", Senseless: true},
		"/" + strings.Repeat("x{9}", 200): {Beginning: "/", Senseless: true},
	} {
		want.Path, want.Type = path, snapshot.MatchOpenExpression
		got, fault := OpenExpression(path)
		if diff := cmp.Diff(want, got); diff != "" || (fault != "") != want.Senseless {
			t.Errorf("%s: fault %q (-want +got):\n%s", path, fault, diff)
		}
		r := rules.Rule{Expression: &got}
		if list := Expressions(&r); (len(list) == 1) != want.Asks || want.Asks && (!list[0].Part || list[0].Text != "(?i)^"+path || list[0].Size < 10) {
			t.Errorf("%s takes %+v", path, list)
		}
	}
	if list := CanaryExpressions(&rules.Canary{HeaderPattern: rules.Within("a")}); len(list) != 1 || list[0].Part || list[0].Size < 10 {
		t.Errorf("a canary's pattern takes %+v", list)
	}
	if list := CanaryExpressions(&rules.Canary{}); list != nil {
		t.Errorf("a canary without a pattern takes %+v", list)
	}
}
