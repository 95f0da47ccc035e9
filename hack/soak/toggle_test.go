// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestToggleAllowsBothOutcomesOnlyWhileItIsSwitched(t *testing.T) {
	t.Parallel()
	on, off := []string{"200"}, []string{"403 AccessDenied"}
	both := []string{"200", "403 AccessDenied"}
	for _, test := range []struct {
		name          string
		before, after uint64
		want          []string
	}{
		{"off all the time", 4, 4, off},
		{"on all the time", 6, 6, on},
		{"being switched on", 5, 5, both},
		{"being switched off", 7, 7, both},
		{"switched on meanwhile", 4, 6, both},
		{"switched off meanwhile", 6, 8, both},
		{"off again", 4, 8, both},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			toggle := toggle{kind: toggleAccess}
			if diff := cmp.Diff(test.want, toggle.allowed(test.before, test.after)); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}
