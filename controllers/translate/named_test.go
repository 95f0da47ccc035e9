// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// A canary has no host. An alias that is somebody's host gives its namespace nothing, and takes nothing from it.
func TestWhichHostsObjectsHave(t *testing.T) {
	in := translate.Input{Objects: []*rules.Object{
		withAlias(nginxObject("main", 1, "x.io", "a /"), "y.io", "z.io", "NOT.io"), inNamespace("other", nginxObject("real", 2, "y.io", "a /")),
		canary(nginxObject("canary", 3, "c.io", "a /"), rules.Canary{Weight: 1}),
	}}
	var got []string
	translate.EachHost(&in, func(host string, by *rules.Object, may bool) {
		got = append(got, fmt.Sprint(host, " ", by.ID, " ", may))
	})
	if diff := cmp.Diff([]string{"x.io default/main true", "y.io other/real true", "y.io default/main false", "z.io default/main true"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A host that yields goes to the namespace that has it as its own, however young that is.
func TestAHostThatYields(t *testing.T) {
	for _, shared := range []bool{false, true} {
		redirecting := nginxObject("main", 1, "x.io", "a /")
		redirecting.Hosts = append(redirecting.Hosts, rules.Host{Name: "www.x.io", Default: true, Yields: true, Rules: nginxObject("main", 1, "www.x.io", "www /").Hosts[0].Rules})
		in := translate.Input{Objects: []*rules.Object{redirecting, inNamespace("other", nginxObject("real", 2, "www.x.io", "real /"))},
			Options: translate.Options{AllowSharedHosts: shared}}
		var got []string
		translate.EachHost(&in, func(host string, by *rules.Object, may bool) {
			got = append(got, fmt.Sprint(host, " ", by.ID, " ", may))
		})
		if diff := cmp.Diff([]string{"x.io default/main true", "www.x.io other/real true", "www.x.io default/main false"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		x, _, _ := explainer(t, in)
		if got := decided(t, x, "www.x.io/"); got != "real" {
			t.Errorf("shared %t: www.x.io goes to %s", shared, got)
		}
		in.Objects = in.Objects[:1]
		if x, _, _ = explainer(t, in); decided(t, x, "www.x.io/") != "www" {
			t.Errorf("shared %t: www.x.io goes to %s where nobody else has it", shared, decided(t, x, "www.x.io/"))
		}
	}
}

// An alias that is on record for its namespace stays with that, whoever has it as a host later.
func TestAnAliasOnRecordStays(t *testing.T) {
	x, _, reports := explainer(t, translate.Input{
		Objects: []*rules.Object{withAlias(nginxObject("main", 1, "x.io", "main /"), "y.io"), inNamespace("other", nginxObject("real", 2, "y.io", "real /"))},
		Owners:  map[string]string{"x.io": "default", "y.io": "default"},
	})
	if got := decided(t, x, "y.io/"); got != "main" {
		t.Errorf("y.io goes to %s", got)
	}
	if got := acceptedMessage(t, reports, "default/main"); got != actedOn {
		t.Errorf("who has the alias is told %s", got)
	}
}
