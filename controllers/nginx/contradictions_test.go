// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"strings"
	"testing"
)

// Two Ingresses that contradict: as ingress-nginx decided, and both are told. Of those that were made in the same
// second its sortIngressSlice takes the one first whose namespace/name is the greater (store.go:1103).
func TestOfTwoThatContradictTheOlderDecidesAndBothAreTold(t *testing.T) {
	t.Parallel()
	one := func(name string, minutes int, service string, annotations ...string) object {
		return object{name: name, host: "h.io", paths: "Prefix / -> " + service, minutes: minutes, annotations: annotations}
	}
	const of = "Prefix / of host h.io"
	for _, test := range []struct {
		name    string
		objects []object
		fields  []string
		want    string
		// says has what each is told.
		says map[string]string
	}{
		{"the older one has a path", []object{one("a", 1, "web"), one("b", 0, "api")}, nil, "api /", map[string]string{
			"a": "PathConflict: rules[0].http.paths[0]: " + of + " is served by rules[0].http.paths[0] of the older Ingress networking.k8s.io/shop/b",
			"b": "PathsContested: everything in the object is acted on; it has kept " + of + " from Ingress networking.k8s.io/shop/a"}},
		{"of the same second, the last one has a path", []object{one("a", 0, "web"), one("b", 0, "api")}, nil, "api /", map[string]string{
			"a": "PathConflict: rules[0].http.paths[0]: " + of + " is served by rules[0].http.paths[0] of Ingress networking.k8s.io/shop/b, which is as old and goes first by its name",
			"b": "PathsContested: everything in the object is acted on; it has kept " + of + " from Ingress networking.k8s.io/shop/a"}},
		{"of expressions too", []object{one("a", 0, "web", "use-regex: true"), one("b", 0, "api", "use-regex: true")}, nil, "api /", map[string]string{
			"a": "PathConflict", "b": "PathsContested"}},
		{"the older one's server-snippet counts", []object{one("a", 1, "web", "server-snippet: return 451;"), one("b", 0, "api", "server-snippet: return 410;")}, nil, "410 " + ruled(410),
			map[string]string{
				"a": "told: annotation nginx.ingress.kubernetes.io/server-snippet: host h.io has that of Ingress b, which comes first: this one does nothing there",
				"b": "told: annotation nginx.ingress.kubernetes.io/server-snippet: host h.io has this one, and that of Ingress a does nothing there"}},
		{"of the same second, the last one's server-snippet counts", []object{one("a", 0, "web", "server-snippet: return 451;"), one("b", 0, "api", "server-snippet: return 410;")}, nil,
			"410 " + ruled(410), map[string]string{"a": "that of Ingress b, which comes first", "b": "that of Ingress a does nothing there"}},
		{"of the same second, the last canary takes its share", []object{one("main", 0, "web"),
			one("c1", 1, "api", "canary: true", "canary-by-header: X-C"), one("c2", 1, "next", "canary: true", "canary-by-header: X-C")}, []string{"X-C: always"}, "next /",
			map[string]string{"c1": "CanaryUnused"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := serve(t, nil, test.objects)
			if got := r.ask("h.io/", test.fields...).String(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			for name, want := range test.says {
				if said := r.says(name); !strings.Contains(said, want) {
					t.Errorf("%s is told %q, want %q", name, said, want)
				}
			}
		})
	}
}
