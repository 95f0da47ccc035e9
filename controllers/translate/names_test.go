// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// Names that follow one input after the other are those that each input has by itself. What was given out before stays
// as it was, and is the same map as long as nothing comes or goes.
func TestNamesFollowInputs(t *testing.T) {
	authority, same := newRevokingAuthority(t), 0
	for seed := range uint64(40) {
		h := newHistory(seed, authority)
		var n translate.Names
		var before translate.Input
		var secrets, clone any
		for step := range 60 {
			what := h.change()
			in := h.input()
			n.Read(&in)
			want := translate.NamedSecrets(&in)
			if at := in.Options.DefaultCertificate; at.Name != "" {
				want[at] = struct{}{}
			}
			given := n.Secrets(&in)
			for kind, diff := range map[string]string{
				"Services":    cmp.Diff(translate.NamedServices(&in), n.Services()),
				"Secrets":     cmp.Diff(want, given),
				"Credentials": cmp.Diff(translate.NamedCredentials(&in), n.Credentials(&in), equateEmpty),
				"Authorities": cmp.Diff(translate.NamedAuthorities(&in), n.Authorities(&in), equateEmpty),
				"before":      cmp.Diff(clone, secrets),
			} {
				if diff != "" {
					t.Fatalf("seed %d, step %d (%s): %s (-from nothing +names):\n%s", seed, step, what, kind, diff)
				}
			}
			if secrets != nil && reflect.DeepEqual(secrets, any(given)) != (reflect.ValueOf(secrets).Pointer() == reflect.ValueOf(given).Pointer()) {
				t.Fatalf("seed %d, step %d (%s): it is the same map if and only if it has something else", seed, step, what)
			}
			secrets, clone = given, maps.Clone(given)
			if translate.SameHosts(before.Objects, in.Objects) {
				same++
				before.AllowedHosts, before.Options = in.AllowedHosts, in.Options
				if diff := cmp.Diff(namedHosts(&before), namedHosts(&in)); diff != "" {
					t.Fatalf("seed %d, step %d (%s): the hosts are not the same (-before +now):\n%s", seed, step, what, diff)
				}
			}
			before = in
		}
	}
	if same == 0 {
		t.Error("no two inputs name the same hosts: the test has lost its meaning")
	}
}

// equateEmpty takes a map without anything for none.
var equateEmpty = cmp.FilterValues(func(a, b any) bool {
	return reflect.ValueOf(a).Kind() == reflect.Map && reflect.ValueOf(a).Len()+reflect.ValueOf(b).Len() == 0
}, cmp.Ignore())

// namedHosts lists what EachHost finds.
func namedHosts(in *translate.Input) (list []string) {
	translate.EachHost(in, func(host string, by *rules.Object, may bool) {
		list = append(list, fmt.Sprintf("%q %s %t", host, by.ID, may))
	})
	slices.Sort(list)
	return list
}
