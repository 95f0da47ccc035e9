// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestWhatIsKeptOfAnOrderIsOfOneSpecAndOneCertificate(t *testing.T) {
	tests := map[string]struct {
		certificate types.UID
		spec        string
		failures    int32
		kept        bool
	}{
		"the same":                {"uid", "spec", 3, true},
		"another spec":            {"uid", "other", 0, false},
		"made anew, for the same": {"another", "spec", 0, true},
		"made anew, for another":  {"another", "other", 0, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			state := State{Certificate: "uid", Spec: "spec", Failures: 3, NextAttempt: time.Now(), Attempt: &attempt{ID: "1", Placing: true}}
			if givenUp := state.Accept(test.certificate, test.spec); (givenUp.ID == "1") == test.kept {
				t.Errorf("the order %q is given up, want it kept to be %v", givenUp.ID, test.kept)
			}
			if state.Failures != test.failures || (state.Attempt != nil) != test.kept || state.NextAttempt.IsZero() != (test.failures == 0) {
				t.Errorf("the state is %+v, want %d failures, and the attempt kept to be %v", state, test.failures, test.kept)
			}
			if state.Spec != test.spec || state.Certificate != test.certificate {
				t.Errorf("it is that of %q for %q", state.Spec, state.Certificate)
			}
		})
	}
}

func TestAnAttemptIsBegunAnewAtOnceTwiceInARow(t *testing.T) {
	state := State{Attempt: &attempt{}}
	for range restartLimit {
		if !state.restart() || state.Attempt != nil || state.Waits(time.Now()) || state.Failures != 0 || state.empty() {
			t.Fatalf("it is not begun anew: %+v", state)
		}
		state.Attempt = &attempt{}
	}
	if state.restart() {
		t.Error("it is begun anew without end")
	}
	state.fail(time.Now(), "", "", 0)
	state.Attempt = &attempt{}
	if !state.restart() {
		t.Error("it is not begun anew after it has waited")
	}
}
