// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// searchScene serves a route that works, one without an endpoint, one that is closed and one that answers by itself.
func searchScene(t *testing.T) *served {
	t.Helper()
	p := serve(t)
	closed := ruled(prefix("/closed", "web"), "shop/web", 0, 1)
	closed.Closed, closed.ClosedWhy = "InvalidAuth", "auth names no Secret"
	fixed := ruled(prefix("/fixed", "web"), "shop/web", 0, 2)
	fixed.Pool, fixed.Policies = "", []policy.Policy{&policy.FixedResponse{Status: 200}}
	p.apply(snapshotOf([]snapshot.Host{
		hostOf("api.example.com", ruled(exact("/V1", "api"), "shop/api", 0, 0)),
		hostOf("shop.example.com", ruled(prefix("/", "web"), "shop/web", 0, 0), closed, fixed),
	}, poolOf("web", closedPort(t)), poolOf("api")))
	return p
}

func TestRoutesAreFoundByWordsAndStates(t *testing.T) {
	t.Parallel()
	p := searchScene(t)
	x := p.Explainer()
	for _, test := range []struct {
		name   string
		search explain.RouteSearch
		want   []string
		match  int
	}{
		{"all", explain.RouteSearch{Most: 10}, []string{"api.example.com/V1 down", "shop.example.com/ serving", "shop.example.com/closed closed", "shop.example.com/fixed serving"}, 4},
		{"a part of a host", explain.RouteSearch{Words: []string{"API.EX"}, Most: 10}, []string{"api.example.com/V1 down"}, 1},
		{"a host with its path, in any case", explain.RouteSearch{Words: []string{"com/v1"}, Most: 10}, []string{"api.example.com/V1 down"}, 1},
		{"two words", explain.RouteSearch{Words: []string{"shop/web", "clos"}, Most: 10}, []string{"shop.example.com/closed closed"}, 1},
		{"one word that is nowhere", explain.RouteSearch{Words: []string{"shop", "nowhere"}, Most: 10}, nil, 0},
		{"no word spans two routes", explain.RouteSearch{Words: []string{"api shop"}, Most: 10}, nil, 0},
		{"a state", explain.RouteSearch{State: explain.RouteServing, Most: 10}, []string{"shop.example.com/ serving", "shop.example.com/fixed serving"}, 2},
		{"a page", explain.RouteSearch{Skip: 1, Most: 2}, []string{"shop.example.com/ serving", "shop.example.com/closed closed"}, 4},
		{"beyond the last page", explain.RouteSearch{Skip: 9, Most: 2}, nil, 4},
	} {
		found := x.Routes(&test.search)
		var got []string
		for _, r := range found.Routes {
			got = append(got, r.Host+r.Path+" "+r.State)
		}
		if diff := cmp.Diff(test.want, got); diff != "" || found.Matched != test.match || found.Total != 4 {
			t.Errorf("%s: %d of %d match, want %d of 4 (-want +got):\n%s", test.name, found.Matched, found.Total, test.match, diff)
		}
	}
	states := x.RouteStates()
	if states.Routes != 4 || states.Hosts != 2 || states.Down != 1 || states.Closed != 1 || len(states.Troubled) != 2 || states.Endpoints != 1 || states.Taking != 1 {
		t.Errorf("the states are %+v", states)
	}
	p.apply(snapshotOf([]snapshot.Host{hostOf("new.example.com", prefix("/", "web"))}, poolOf("web")))
	if found := x.Routes(&explain.RouteSearch{Most: 10}); found.Total != 1 || found.Generation != p.Generation() || found.Routes[0].Host != "new.example.com" {
		t.Errorf("after a change, %+v is found", found)
	}
}

func TestARouteIsFoundByItsPlaceAndByItsObject(t *testing.T) {
	t.Parallel()
	x := searchScene(t).Explainer()
	detail, ok := x.Route(&explain.RoutePlace{Host: "shop.example.com", Path: "/fixed", Match: "Prefix"})
	if !ok || detail.Ingress != "shop/web" || detail.Rule != "0.2" || detail.State != explain.RouteServing ||
		!cmp.Equal(detail.Policies, []string{(&policy.FixedResponse{}).Name()}) || detail.URL != "http://shop.example.com/fixed" {
		t.Errorf("the route is %+v (%v)", detail, ok)
	}
	if detail, ok := x.Route(&explain.RoutePlace{Host: "shop.example.com", Path: "/", Match: "Prefix"}); !ok || len(detail.Pools) != 1 || len(detail.Pools[0].Tasks) != 1 {
		t.Errorf("the route to web is %+v (%v)", detail, ok)
	}
	for _, place := range []explain.RoutePlace{
		{Host: "shop.example.com", Path: "/", Match: "Exact"},
		{Host: "other.example.com", Path: "/", Match: "Prefix"},
		{Host: "shop.example.com", Path: "/", Match: "Prefix", Address: "10.0.0.1:80"},
	} {
		if _, ok := x.Route(&place); ok {
			t.Errorf("there is a route at %+v", place)
		}
	}
	if found, ok := x.Locate("api.example.com", "shop/api", "0.0", "/V1"); !ok || found.State != explain.RouteDown {
		t.Errorf("the route of shop/api is %+v (%v)", found, ok)
	}
	if _, ok := x.Locate("api.example.com", "shop/web", "0.0", "/V1"); ok {
		t.Error("a route of another object is located")
	}
}

// BenchmarkRouteSearch looks for words that few of 100,000 routes have, as somebody types them.
func BenchmarkRouteSearch(b *testing.B) {
	hosts := make([]snapshot.Host, 10_000)
	for i := range hosts {
		hosts[i].Name = fmt.Sprintf("host-%05d.example.com", i)
		for j := range 10 {
			hosts[i].Routes = append(hosts[i].Routes, ruled(prefix(fmt.Sprintf("/path-%d", j), "web"), fmt.Sprintf("shop/ingress-%05d", i), 0, j))
		}
	}
	p := serve(b)
	p.apply(snapshotOf(hosts, poolOf("web", closedPort(b))))
	x := p.Explainer()
	b.ResetTimer()
	for range b.N {
		if found := x.Routes(&explain.RouteSearch{Words: []string{"ingress", "123", "path-7"}, Most: 50}); found.Matched == 0 {
			b.Fatal("nothing is found")
		}
	}
}
