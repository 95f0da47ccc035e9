// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/reason"
)

func TestEveryReasonNamedUpstreamIsTheServices(t *testing.T) {
	t.Parallel()
	var errors upstreamErrors
	for r := range reason.Count {
		want := strings.HasPrefix(r.String(), "Upstream")
		if got := r.IsUpstream(); got != want {
			t.Errorf("%v is counted among the errors of a service: %t, want %t", r, got, want)
		}
		errors.add(r)
		if got := errors[r].Load() == 1; got != want {
			t.Errorf("an attempt that failed with %v was counted: %t, want %t", r, got, want)
		}
	}
}
