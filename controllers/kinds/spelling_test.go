// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestSpellingFault(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[v1alpha1.PathSpelling]string{
		"":          "",
		"AsSent":    "",
		"Canonical": "",
		"canonical": `pathSpelling "canonical" is unknown: write AsSent or Canonical`,
	} {
		if got := spellingFault(spelling); got != want {
			t.Errorf("%q: got %q, want %q", spelling, got, want)
		}
	}
}
