// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// noon is when tests begin.
func noon() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }

// never is a limit whose bucket is hardly ever refilled.
func never(burst int) *RateLimit { return &RateLimit{PerSecond: 1e-9, Burst: burst} }

// kept is a scope's memory, as a route has it from one generation to the next.
type kept map[any]any

func (k kept) scope(l *limit.Limiter) *step.Scope {
	return &step.Scope{Limiter: l, Kept: func(key any, first func() any) any {
		if k[key] == nil {
			k[key] = first()
		}
		return k[key]
	}}
}

// What a client has used stays with the limit, and a look takes nothing from it.
func TestALimitThatIsCompiledAgainGoesOn(t *testing.T) {
	t.Parallel()
	l, memory := limit.New(), kept{}
	client := netip.MustParseAddr("192.0.2.1")
	ask := func(limit *RateLimit, notes *[]step.Note) reason.Reason {
		steps, err := limit.Compile(memory.scope(l))
		if err != nil {
			t.Fatal(err)
		}
		return steps.Request(&step.View{Client: client, Now: noon(), Notes: notes}).Reason
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
		var notes *[]step.Note
		if test.look {
			notes = new([]step.Note)
		}
		if got := ask(test.limit, notes); got != test.want {
			t.Errorf("request %d: got %v, want %v", i, got, test.want)
		}
		if test.look && (len(*notes) != 1 || (*notes)[0].Passed != (test.want == reason.None)) {
			t.Errorf("request %d: noted %+v", i, *notes)
		}
	}
	var notes []step.Note
	ask(never(4), &notes)
	if diff := cmp.Diff([]step.Note{{Policy: "rate-limit", Passed: true, Limit: &step.LimitNote{Rate: never(4).rate(), Replicas: 1, Left: 4}}}, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// Who is exempt takes nothing, and the limit of the others goes on when the list of those changes.
func TestWhoIsExemptHasNoRate(t *testing.T) {
	t.Parallel()
	l, memory := limit.New(), kept{}
	limit := never(1)
	limit.Exempt = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")}
	ask := func(client string) reason.Reason {
		steps, err := limit.Compile(memory.scope(l))
		if err != nil {
			t.Fatal(err)
		}
		return steps.Request(&step.View{Client: netip.MustParseAddr(client), Now: noon()}).Reason
	}
	for range 3 {
		for _, client := range []string{"10.1.2.3", "192.0.2.1"} {
			if got := ask(client); got != reason.None {
				t.Errorf("%s: got %v", client, got)
			}
		}
	}
	for _, want := range []reason.Reason{reason.None, reason.RateLimited} {
		if got := ask("192.0.2.2"); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	limit.Exempt = limit.Exempt[:1]
	for _, client := range []string{"192.0.2.1", "192.0.2.2"} {
		if got, want := ask(client), map[string]reason.Reason{"192.0.2.2": reason.RateLimited}[client]; got != want {
			t.Errorf("%s, with another list: got %v, want %v", client, got, want)
		}
	}
	if same, other := *never(1), *never(1); !same.Equal(&other) || same.Equal(limit) {
		t.Error("limits differ by who is exempt, and by nothing else")
	}
}
