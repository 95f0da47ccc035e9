// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/test/fixture"
)

// The list says who would get a host next. So nobody is in it who would not get the host.
func TestOnlyNamespacesThatMayHaveAHostWaitForIt(t *testing.T) {
	t.Parallel()
	h := New()
	h.set("shop.io", &heldClaim{hostClaim: hostClaim{Namespace: "owner"}, recorded: true})
	none, its := "", "shop.io"
	for name, c := range map[string]struct {
		allowed  map[string]*string
		required bool
		want     []string
	}{
		"nothing is said of hosts":              {allowed: map[string]*string{"older": nil, "younger": nil}, want: []string{"older", "younger"}},
		"one may not have it":                   {allowed: map[string]*string{"older": &none, "younger": &its}, want: []string{"younger"}},
		"the Namespace of one is not known yet": {allowed: map[string]*string{"younger": nil}, want: []string{"younger"}},
		"no Namespace can be read":              {required: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := translate.Input{AllowedHosts: c.allowed, Options: translate.Options{IngressClass: "warren", RequireAllowedHosts: c.required}}
			younger, older := fixture.Ingress("younger", "a", "shop.io", "a"), fixture.Ingress("older", "b", "shop.io", "b")
			older.CreationTimestamp.Time = younger.CreationTimestamp.Add(-time.Hour)
			in.Objects = append(in.Objects, kinds.ReadWarren(younger), kinds.ReadWarren(older))
			var got []string
			for _, waiting := range h.list(&in, "warren")[0].Waiting {
				got = append(got, waiting.Namespace)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error("these wait (-want +got):\n" + diff)
			}
		})
	}
}
