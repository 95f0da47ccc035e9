// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// What stands beside the backends of a rule has pools of its own, and is missed if it is not there.
func TestPoolsBesideTheBackendsOfARule(t *testing.T) {
	t.Parallel()
	told := []policy.Header{{Name: "X-Code", Value: "503"}}
	object := objectOf("a", 1, rules.Rule{
		Where: "rules[0]", Match: rules.Match{Path: "/"},
		Backends: []rules.Backend{{Service: "one", Port: 80, Weight: 1}, {Service: "two", Port: 80, Weight: 1}},
		Mirrors:  []rules.Mirror{{Backend: rules.Backend{Service: "shadow", Port: 80}, Numerator: 1, Denominator: 2}},
		ErrorPages: []rules.ErrorPage{
			{Backend: rules.Backend{Service: "lost", Port: 80, MustExist: true}, Statuses: []int{500}, Path: "/"},
			{Backend: rules.Backend{Service: "pages", Port: 80}, Statuses: []int{404}, Path: "/", Handles: true, Fields: told},
		},
		Fallback: &rules.Fallback{Backend: rules.Backend{Service: "other", Port: 80, Protocol: rules.H2C}, Fields: told},
	})
	s, reports := build(translate.Input{Objects: []*rules.Object{object}})
	got := s.Hosts[0].Routes[0]
	if diff := cmp.Diff([]snapshot.ErrorPage{{Pool: "default/pages:80", Statuses: []int{404}, Path: "/", Handles: true, Fields: told}}, got.ErrorPages); diff != "" {
		t.Errorf("error pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&snapshot.Fallback{Pool: "default/other:80/H2C", Fields: told}, got.Fallback); diff != "" {
		t.Errorf("fallback (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]snapshot.Mirror{{Pool: "default/shadow:80", Numerator: 1, Denominator: 2}}, got.Mirrors); diff != "" {
		t.Errorf("mirrors (-want +got):\n%s", diff)
	}
	if err := s.Hosts[0].Inspect(); err != nil {
		t.Error(err)
	}
	message := conditionOf(t, reports, "Route", "default/a", v1alpha1.ConditionResolvedRefs).Message
	for _, name := range []string{"one", "two", "shadow", "lost", "pages", "other"} {
		if !strings.Contains(message, name+":80: no Task of the namespace has this serviceName") {
			t.Errorf("%s is not missed: %s", name, message)
		}
	}
}
