// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/step"
)

func TestRequestBufferingSaysHowMuchIsGathered(t *testing.T) {
	for most, want := range map[int64]int64{0: 0, 1: 1, 64 << 10: 64 << 10, MostBuffered + 1: MostBuffered} {
		steps, err := (&RequestBuffering{MaxBytes: most}).Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		if want == 0 {
			if steps.Request != nil {
				t.Error("a policy that gathers nothing has a step")
			}
			continue
		}
		var v step.View
		if n := testing.AllocsPerRun(100, func() { steps.Request(&v) }); n != 0 || v.Gather != want {
			t.Errorf("%d: %d bytes with %v allocations, want %d without", most, v.Gather, n, want)
		}
		var notes []step.Note
		v.Notes = &notes
		steps.Request(&v)
		if diff := cmp.Diff(1, len(notes)); diff != "" {
			t.Errorf("%d: notes (-want +got):\n%s", most, diff)
		}
	}
}

func TestRequestBufferingEqual(t *testing.T) {
	t.Parallel()
	b := &RequestBuffering{MaxBytes: 1}
	for other, want := range map[Policy]bool{&RequestBuffering{MaxBytes: 1}: true, &RequestBuffering{MaxBytes: 2}: false, (*RequestBuffering)(nil): false, (*Access)(nil): false} {
		if got := b.Equal(other); got != want {
			t.Errorf("%v: got %v, want %v", other, got, want)
		}
	}
}
