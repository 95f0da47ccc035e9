// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/controllers/nginx"
)

// The caches keep 8 KiB of a value and one byte, so what they keep of a longer one may end in spaces.
func TestNothingIsReadOfAValueThatIsTooLong(t *testing.T) {
	t.Parallel()
	long := func(value string) string {
		return (value + strings.Repeat(" ", nginx.ValueLimit+1))[:nginx.ValueLimit+1]
	}
	for _, test := range []struct{ annotation, what string }{
		{"whitelist-source-range: " + long("0.0.0.0/0"), "h.io/a"},
		{"whitelist-source-range: " + long(""), "h.io/a"},
		{"ssl-passthrough: " + long("false"), "h.io/a"},
		{"configuration-snippet: " + long("add_header X-A 1;"), "h.io/a"},
		{"server-snippet: " + long("add_header X-A 1;"), "h.io/a"},
	} {
		name, _, _ := strings.Cut(test.annotation, ":")
		r := serve(t, nil, []object{{name: "a", host: "h.io", paths: "Prefix /a -> web", annotations: []string{test.annotation}}})
		if got := r.ask(test.what).String(); got != "503 RuleClosed" || name != "ssl-passthrough" && !strings.Contains(r.says("a"), "longer than 8 KiB") {
			t.Errorf("%s: %s is answered with %q, and the Ingress says %s", name, test.what, got, r.says("a"))
		}
	}
	for _, pair := range [][2]string{{"block-cidrs", "10.0.0.0/8"}, {"block-cidrs", ""}, {"enable-modsecurity", "false"}} {
		r := serve(t, map[string]string{pair[0]: long(pair[1])}, []object{{name: "a", host: "h.io", paths: "Prefix / -> web"}})
		if got := r.ask("h.io/").String(); got != "503 RuleClosed" {
			t.Errorf("with %s of the ConfigMap the Ingress is served: %q", pair[0], got)
		}
	}
}

// It may say who gets in for the whole host.
func TestAServerSnippetThatIsTooLongClosesItsHost(t *testing.T) {
	t.Parallel()
	r := serve(t, nil, []object{
		{name: "a", host: "h.io", paths: "Prefix /a -> web", annotations: []string{"server-snippet: deny all; #" + strings.Repeat("x", nginx.ValueLimit)}},
		{name: "b", host: "h.io", paths: "Prefix /b -> api", minutes: 1},
	})
	if got := r.ask("h.io/b").String(); got != "503 RuleClosed" {
		t.Errorf("another Ingress of the host answers %q", got)
	}
}
