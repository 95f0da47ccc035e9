// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/reason"
)

// kept is a scope's memory, as a route has it from one generation to the next.
type kept map[any]any

func (k kept) scope(l *Limiter) *Scope {
	return &Scope{Limiter: l, Kept: func(key any, first func() any) any {
		if k[key] == nil {
			k[key] = first()
		}
		return k[key]
	}}
}

// What a client has used stays with the limit, and a look takes nothing from it.
func TestALimitThatIsCompiledAgainGoesOn(t *testing.T) {
	t.Parallel()
	l, memory := NewLimiter(), kept{}
	client := netip.MustParseAddr("192.0.2.1")
	ask := func(limit *RateLimit, notes *[]Note) reason.Reason {
		steps, err := limit.Compile(memory.scope(l))
		if err != nil {
			t.Fatal(err)
		}
		return steps.Request(&View{Client: client, Now: noon(), Notes: notes}).Reason
	}
	for i, test := range []struct {
		limit *RateLimit
		look  bool
		want  reason.Reason
	}{
		{never(2), false, reason.None},
		{never(2), true, reason.None},
		{never(2), true, reason.None},
		{never(2), false, reason.None},
		{never(2), true, reason.RateLimited},
		{never(2), false, reason.RateLimited},
		{never(1), false, reason.None}, // another limit begins anew
		{never(1), false, reason.RateLimited},
	} {
		var notes *[]Note
		if test.look {
			notes = new([]Note)
		}
		if got := ask(test.limit, notes); got != test.want {
			t.Errorf("request %d: got %v, want %v", i, got, test.want)
		}
		if test.look && (len(*notes) != 1 || (*notes)[0].Passed != (test.want == reason.None)) {
			t.Errorf("request %d: noted %+v", i, *notes)
		}
	}
	var notes []Note
	ask(never(4), &notes)
	if diff := cmp.Diff([]Note{{Policy: "rate-limit", Passed: true, Limit: &LimitNote{Limit: *never(4), Replicas: 1, Left: 4}}}, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}
