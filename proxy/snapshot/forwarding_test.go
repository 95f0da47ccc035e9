// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestInspectRefusesForwardingThatMakesNoSense(t *testing.T) {
	t.Parallel()
	persistence := func(p snapshot.Persistence) snapshot.Route { return snapshot.Route{Persistence: &p} }
	retry := func(r snapshot.Retry) snapshot.Route { return snapshot.Route{Retry: &r} }
	mirror := func(m snapshot.Mirror) snapshot.Route { return snapshot.Route{Mirrors: []snapshot.Mirror{m}} }
	page := func(pages ...snapshot.ErrorPage) snapshot.Route { return snapshot.Route{ErrorPages: pages} }
	for want, r := range map[string]snapshot.Route{
		"the fallback has no pool":                            {Fallback: &snapshot.Fallback{}},
		"error page 0: it has no pool":                        page(snapshot.ErrorPage{Path: "/", Statuses: []int{404}}),
		"error page 0: it is for no status":                   page(snapshot.ErrorPage{Pool: "p", Path: "/"}),
		`error page 0: its path "a" does not begin with a`:    page(snapshot.ErrorPage{Pool: "p", Path: "a", Statuses: []int{404}}),
		"error page 0: the statuses [399 400] are not sorted": page(snapshot.ErrorPage{Pool: "p", Path: "/", Statuses: []int{399, 400}}),
		"error page 0: the statuses [500 600] are not sorted": page(snapshot.ErrorPage{Pool: "p", Path: "/", Statuses: []int{500, 600}}),
		"error page 0: the statuses [503 999 404] are not":    page(snapshot.ErrorPage{Pool: "p", Path: "/", Statuses: []int{503, 999, 404}}),
		"error page 1: another one is for the status 503 too": page(
			snapshot.ErrorPage{Pool: "p", Path: "/", Statuses: []int{503}}, snapshot.ErrorPage{Pool: "p", Path: "/", Statuses: []int{503}}),
		"mirror 0: it has no pool":                          mirror(snapshot.Mirror{Numerator: 1, Denominator: 1}),
		"mirror 0: there is no share of 2/1":                mirror(snapshot.Mirror{Pool: "p", Numerator: 2, Denominator: 1}),
		"mirror 0: there is no share of 0/0":                mirror(snapshot.Mirror{Pool: "p"}),
		"tried again after the status 200":                  retry(snapshot.Retry{Codes: []int{200}}),
		"tried again after the status 600":                  retry(snapshot.Retry{Codes: []int{500, 600}}),
		"statuses 503 and 500 are not sorted":               retry(snapshot.Retry{Codes: []int{503, 500}}),
		"statuses 503 and 503 are not sorted or":            retry(snapshot.Retry{Codes: []int{503, 503}}),
		"the time between two attempts is -1ns":             retry(snapshot.Retry{Backoff: -1}),
		"the Cookie of sessions has no name":                persistence(snapshot.Persistence{}),
		"the Header of sessions has no name":                persistence(snapshot.Persistence{Type: snapshot.SessionByHeader}),
		"sessions last -1ns":                                persistence(snapshot.Persistence{Name: "s", Absolute: -1}),
		"sessions are permanent without a cookie that ends": persistence(snapshot.Persistence{Name: "s", Permanent: true}),
		"sessions are permanent without a cookie":           persistence(snapshot.Persistence{Type: snapshot.SessionByHeader, Name: "s", Absolute: 1, Permanent: true}),
	} {
		r.Path, r.Pool = "/", "p"
		err := (&snapshot.Host{Name: "h", Routes: []snapshot.Route{r}}).Inspect()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	sound := snapshot.Route{
		Path: "/", Pool: "p", Mirrors: []snapshot.Mirror{{Pool: "m", Numerator: 1, Denominator: 3}, {Pool: "m", Denominator: 1}},
		ErrorPages:  []snapshot.ErrorPage{{Pool: "m", Path: "/{status}", Statuses: []int{400, 599}}, {Pool: "m", Path: "/", Statuses: []int{401}}},
		Retry:       &snapshot.Retry{Codes: []int{400, 599}, Backoff: time.Second},
		Persistence: &snapshot.Persistence{Name: "s", Absolute: time.Hour, Permanent: true},
	}
	if err := (&snapshot.Host{Name: "h", Routes: []snapshot.Route{sound}}).Inspect(); err != nil {
		t.Error(err)
	}
}
