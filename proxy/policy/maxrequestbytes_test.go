// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

func TestALongContentIsRefusedByItsLength(t *testing.T) {
	limit := MaxRequestBytes{Bytes: 10}
	steps, err := limit.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	for length, want := range map[int64]reason.Reason{0: reason.None, 10: reason.None, 11: reason.ContentTooLarge, message.UnknownLength: reason.None} {
		v := &step.View{Request: &message.Request{ContentLength: length}}
		if got := steps.Request(v); got.Reason != want || v.MaxContent != 10 {
			t.Errorf("%d bytes: got %+v and a bound of %d, want %v", length, got, v.MaxContent, want)
		}
		if n := testing.AllocsPerRun(100, func() { steps.Request(v) }); n != 0 {
			t.Errorf("%d bytes: %v allocations, want none", length, n)
		}
	}
	other := limit
	if !limit.Equal(&other) || limit.Equal(nil) || limit.Equal((*MaxRequestBytes)(nil)) || limit.Equal(&Headers{}) {
		t.Error("equal limits differ, or a limit equals something else")
	}
	if _, err := (&MaxRequestBytes{}).Compile(nil); err == nil {
		t.Error("no bytes at all compile")
	}
}
