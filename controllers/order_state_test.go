// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"
)

func TestAnAttemptIsGivenUpForAnotherSpecAndWhereItIsForOtherHosts(t *testing.T) {
	hosts := []string{"a.example.com", "b.example.com"}
	tests := map[string]struct {
		spec  string
		begun []string
		kept  bool
	}{
		"the same":                             {"spec", hosts, true},
		"another spec":                         {"other", hosts, false},
		"a host of somebody else's, forged":    {"spec", []string{"a.example.com", "b.example.com", "theirs.example.com"}, false},
		"another host, forged":                 {"spec", []string{"a.example.com", "theirs.example.com"}, false},
		"fewer hosts, which nobody here wrote": {"spec", []string{"a.example.com"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			state := orderState{Controller: "ns/warren", Spec: test.spec, Failures: 3, NextAttempt: time.Now(), Attempt: &attempt{Hosts: test.begun}}
			state.accept("spec", hosts)
			if kept := state.Attempt != nil && state.Failures == 3; kept != test.kept {
				t.Errorf("the state is %+v, want it kept to be %v", state, test.kept)
			}
			if state.Spec != "spec" || state.Controller != "ns/warren" {
				t.Errorf("it is the order of %q for %q", state.Controller, state.Spec)
			}
		})
	}
	waiting := orderState{Spec: "spec", Failures: 3}
	if waiting.accept("spec", hosts); waiting.Failures != 3 {
		t.Errorf("the failures of a wait for the same spec are %d, want 3", waiting.Failures)
	}
}
