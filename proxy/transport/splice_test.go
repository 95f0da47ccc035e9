// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Which failure is whose decides on what the other side is told.
func TestSpliceFaultIsTheTakersOwn(t *testing.T) {
	t.Parallel()
	cause := errors.New("the pipe broke")
	fault := error(&SpliceFault{cause})
	if diff := cmp.Diff("the pipe broke", fault.Error()); diff != "" || !errors.Is(fault, cause) {
		t.Errorf("the fault says (-want +got):\n%s", diff)
	}
}
