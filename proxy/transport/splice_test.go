// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the other side is told depends on whose failure it is.
func TestSpliceFaultIsTheTakersOwn(t *testing.T) {
	t.Parallel()
	cause := errors.New("the pipe broke")
	fault := error(&SpliceFault{cause})
	if diff := cmp.Diff("the pipe broke", fault.Error()); diff != "" || !errors.Is(fault, cause) {
		t.Errorf("the fault says (-want +got):\n%s", diff)
	}
}
