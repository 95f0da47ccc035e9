// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// said returns faults as they are printed.
func said(faults []fault) (lines []string) {
	for _, f := range faults {
		lines = append(lines, f.String())
	}
	return lines
}

func requireSaid(t *testing.T, faults []fault, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, said(faults)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}
