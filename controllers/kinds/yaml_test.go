// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestAnnotationsAreReadAsTheyAreWritten(t *testing.T) {
	headers := func(fields v1alpha1.HeaderFields) v1alpha1.IngressPath {
		return v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{Headers: &v1alpha1.Headers{Set: fields}}}
	}
	value := func(text string) v1alpha1.IngressPath {
		return headers(v1alpha1.HeaderFields{"X-A": v1alpha1.HeaderValue(text)})
	}
	cookie := func(name v1alpha1.HeaderName) v1alpha1.IngressPath {
		return v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{LoadBalancing: &v1alpha1.LoadBalancing{
			Policy: v1alpha1.LoadBalancingHash, HashOn: v1alpha1.HashOnCookie, Name: name}}}
	}
	rate := func(quantity string, burst int32) v1alpha1.IngressPath {
		return v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{RateLimit: &v1alpha1.RateLimit{RequestsPerSecond: resource.MustParse(quantity), Burst: burst}}}
	}
	for name, test := range map[string]struct {
		annotation, value string
		want              v1alpha1.IngressPath
	}{
		"a country that YAML 1.1 takes for false": {"headers", "{set: {X-A: NO}}", value("NO")},
		"yes":                                 {"headers", "{set: {X-A: yes}}", value("yes")},
		"on":                                  {"headers", "{set: {X-A: on}}", value("on")},
		"true":                                {"headers", "{set: {X-A: True}}", value("True")},
		"a version":                           {"headers", "{set: {X-A: 1.10}}", value("1.10")},
		"zeros in front":                      {"headers", "{set: {X-A: 010}}", value("010")},
		"an exponent":                         {"headers", "{set: {X-A: 1e3}}", value("1e3")},
		"a digit group":                       {"headers", "{set: {X-A: 1_000}}", value("1_000")},
		"sixties":                             {"headers", "{set: {X-A: 12:30:45}}", value("12:30:45")},
		"a date":                              {"headers", "{set: {X-A: 2026-11-30}}", value("2026-11-30")},
		"hexadecimal":                         {"headers", "{set: {X-A: 0xFF}}", value("0xFF")},
		"infinity":                            {"headers", "{set: {X-A: .inf}}", value(".inf")},
		"null":                                {"headers", "{set: {X-A: null}}", value("null")},
		"a tilde":                             {"headers", "{set: {X-A: ~}}", value("~")},
		"nothing":                             {"headers", "{set: {X-A: }}", value("")},
		"in quotes":                           {"headers", "{set: {X-A: '010'}}", value("010")},
		"as a block":                          {"headers", "set:\n  X-A: |-\n    NO", value("NO")},
		"as JSON":                             {"headers", `{"set": {"X-A": "N\u004f"}}`, value("NO")},
		"with a tag of a string":              {"headers", "{set: {X-A: !!str 010}}", value("010")},
		"by an alias":                         {"headers", "{set: {X-B: &a NO, X-A: *a}}", headers(v1alpha1.HeaderFields{"X-A": "NO", "X-B": "NO"})},
		"a name that YAML 1.1 takes for true": {"headers", "{set: {Y: a}}", headers(v1alpha1.HeaderFields{"Y": "a"})},
		"a name to remove":                    {"headers", "{remove: [N, 010]}", v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{Headers: &v1alpha1.Headers{Remove: v1alpha1.HeaderNames{"N", "010"}}}}},
		"a cookie's name":                     {"load-balancing", "{policy: Hash, hashOn: Cookie, name: N}", cookie("N")},
		"a cookie's name of digits":           {"load-balancing", "{policy: Hash, hashOn: Cookie, name: 010}", cookie("010")},
		"a path of the backend":               {"rewrite", "{replacePath: /1.10}", v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{Rewrite: &v1alpha1.Rewrite{ReplacePath: "/1.10"}}}},
		"a number with zeros in front":        {"rate-limit", "{requestsPerSecond: 010, burst: 020}", rate("10", 20)},
		"a number in octal":                   {"rate-limit", "{requestsPerSecond: 5, burst: 0o20}", rate("5", 16)},
		"a fraction":                          {"rate-limit", "{requestsPerSecond: .5, burst: +2}", rate("0.5", 2)},
		"a fraction in quotes":                {"rate-limit", "{requestsPerSecond: '0.5', burst: 2}", rate("0.5", 2)},
		"a duration":                          {"timeouts", "{idle: 1m}", v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{Timeouts: &v1alpha1.Timeouts{Idle: &metav1.Duration{Duration: time.Minute}}}}},
		"a field that is null, and one that isn't": {"timeouts", "{request: null, idle: 1m}", v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{Timeouts: &v1alpha1.Timeouts{Idle: &metav1.Duration{Duration: time.Minute}}}}},
		"a number of tries":                        {"retries", "{attempts: 03}", v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{Retries: &v1alpha1.Retries{Attempts: new(int32(3))}}}},
	} {
		t.Run(name, func(t *testing.T) {
			var a asked
			if fault := a.read(test.annotation, test.value); fault != "" {
				t.Fatalf("the annotation is refused: %s", fault)
			}
			sameQuantity := cmp.Comparer(func(a, b resource.Quantity) bool { return a.Cmp(b) == 0 })
			if diff := cmp.Diff(test.want, a.policies, sameQuantity); diff != "" {
				t.Errorf("policies (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnnotationsThatCanBeReadInTwoWaysAreRefused(t *testing.T) {
	many := "&a [" + strings.Repeat("x, ", 100) + "x]"
	for i := range 6 {
		name := string(rune('a' + i))
		many = "&" + string(rune('b'+i)) + " [" + many + strings.Repeat(", *"+name, 20) + "]"
	}
	for name, test := range map[string]struct{ annotation, value, want string }{
		"yes for true":         {"backend-tls", "{insecureSkipVerify: yes}", "cannot unmarshal string"},
		"a name twice":         {"access-control", "{allowedIPs: [10.0.0.0/8], allowedIPs: [0.0.0.0/0]}", "is already set"},
		"a header twice":       {"headers", "{set: {X-A: a, X-A: b}}", "is already set"},
		"a name in other case": {"access-control", "{allowedIPs: [10.0.0.0/8], AllowedIPs: [0.0.0.0/0]}", `unknown field "AllowedIPs"`},
		"a second document":    {"access-control", "allowedIPs: [10.0.0.0/8]\n---\nallowedIPs: [0.0.0.0/0]", "more than one document"},
		"a merge":              {"headers", "{set: &a {X-A: a}, response: {set: {X-B: b}, <<: *a}}", `unknown field "<<"`},
		"a tag":                {"headers", "{set: {X-A: !!binary TUw=}}", "leave tags out"},
		"a number for a list":  {"access-control", "{allowedIPs: 10}", "cannot unmarshal number"},
		"a list for a text":    {"rewrite", "{stripPrefix: [/a]}", "cannot unmarshal array"},
		"an alias to itself":   {"access-control", "{allowedIPs: &a [*a]}", "stand for too much"},
		"aliases of aliases":   {"access-control", "{allowedIPs: " + many + "}", "stand for too much"},
		"long aliases":         {"access-control", "{allowedIPs: [&a " + strings.Repeat("x", 4000) + strings.Repeat(", *a", 900) + "]}", "stand for too much"},
		"an unreadable text":   {"headers", "{set: {X-A: [}", "did not find"},
	} {
		t.Run(name, func(t *testing.T) {
			if fault := new(asked).read(test.annotation, test.value); !strings.Contains(fault, test.want) {
				t.Errorf("the fault is %q, want one that says %q", fault, test.want)
			}
		})
	}
}
