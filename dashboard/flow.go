// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"cmp"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/dashboard/live"
	"github.com/warren-dev/ingress/proxy/explain"
)

// flowMost is how many routes the flow has. The others are one sum.
const flowMost = 16

// locatedMost is how many sums of requests are looked up, those of the most requests. To look up one goes through all
// routes of its host.
const locatedMost = 1000

// Flow is where requests go now: from hosts by routes and services to endpoints. It is counted while somebody looks.
type Flow struct {
	// Seconds is the time that the figures are about.
	Seconds float64 `json:"seconds"`
	// Routes are those with the most requests, then those that are in trouble, then any.
	Routes []FlowRoute `json:"routes"`
	// Others is how many routes are left out, and OthersPerSecond what they have of requests.
	Others          int     `json:"others"`
	OthersPerSecond float64 `json:"othersPerSecond"`
	// UnroutedPerSecond is what no rule has of requests.
	UnroutedPerSecond float64 `json:"unroutedPerSecond"`
}

// FlowRoute is a route with its requests.
type FlowRoute struct {
	explain.FoundRoute
	Rates
	// To are the endpoints of the route's pools. One without an address has the requests that got to none.
	To []FlowEndpoint `json:"to"`
}

// FlowEndpoint is an endpoint with the requests of one route.
type FlowEndpoint struct {
	Service string `json:"service"`
	Address string `json:"address"`
	// Takes says whether new requests may go to the endpoint.
	Takes bool `json:"takesRequests"`
	Rates
}

// Rates are figures of requests.
type Rates struct {
	PerSecond       float64 `json:"perSecond"`
	ErrorsPerSecond float64 `json:"errorsPerSecond"`
	P50             float64 `json:"p50Seconds"`
	P99             float64 `json:"p99Seconds"`
}

// flow asks what was counted, and what is there besides.
func (d *Dashboard) flow(serving *explain.RouteStates) Flow {
	traffic, over := d.Requests.Traffic()
	f := Flow{Seconds: over.Seconds(), Routes: []FlowRoute{}}
	seconds := max(f.Seconds, 1)
	slices.SortFunc(traffic, func(a, b live.Traffic) int { return cmp.Compare(b.Requests, a.Requests) })
	sums := make(map[explain.RoutePlace]*live.Traffic)
	rates := func(t *live.Traffic) Rates {
		took := durations(t.Durations)
		return Rates{float64(t.Requests) / seconds, float64(t.Errors) / seconds, took.quantile(0.5), took.quantile(0.99)}
	}
	for i := range traffic {
		t := &traffic[i]
		switch {
		case t.Route == nil:
			f.UnroutedPerSecond += float64(t.Requests) / seconds
			continue
		case i >= locatedMost:
			f.OthersPerSecond += float64(t.Requests) / seconds
			continue
		}
		found, ok := d.DataPlane.Locate(t.Host, t.Route.Rule.Ingress, t.Route.Rule.Place(), t.Route.Path)
		if !ok {
			continue // It is not served any more.
		}
		place := placeOf(&found)
		sum := sums[place]
		if sum == nil {
			if len(f.Routes) >= flowMost {
				f.OthersPerSecond += float64(t.Requests) / seconds
				continue
			}
			sum = new(live.Traffic)
			sums[place] = sum
			f.add(found)
		}
		sum.Requests += t.Requests
		sum.Errors += t.Errors
		for b, n := range t.Durations {
			sum.Durations[b] += n
		}
		at := slices.IndexFunc(f.Routes, func(r FlowRoute) bool { return placeOf(&r.FoundRoute) == place })
		to := FlowEndpoint{Service: t.Route.Service, Rates: rates(t)}
		if t.Endpoint.IsValid() {
			to.Address = t.Endpoint.String()
		}
		f.Routes[at].send(to)
	}
	for i := range f.Routes {
		f.Routes[i].Rates = rates(sums[placeOf(&f.Routes[i].FoundRoute)])
	}
	for i := range serving.Troubled {
		if len(f.Routes) < flowMost {
			f.add(serving.Troubled[i])
		}
	}
	if missing := flowMost - len(f.Routes); missing > 0 {
		all := d.DataPlane.Routes(&explain.RouteSearch{Most: flowMost})
		for i := range all.Routes {
			if len(f.Routes) < flowMost {
				f.add(all.Routes[i])
			}
		}
	}
	for i := range f.Routes {
		d.completeEndpoints(&f.Routes[i])
	}
	f.Others = max(0, serving.Routes-len(f.Routes))
	return f
}

// send adds the requests that an endpoint got. It may have got others by another generation's route.
func (r *FlowRoute) send(to FlowEndpoint) {
	for i := range r.To {
		if e := &r.To[i]; e.Service == to.Service && e.Address == to.Address {
			e.PerSecond += to.PerSecond
			e.ErrorsPerSecond += to.ErrorsPerSecond
			e.P50, e.P99 = max(e.P50, to.P50), max(e.P99, to.P99)
			return
		}
	}
	r.To = append(r.To, to)
}

// add adds a route that is not there yet.
func (f *Flow) add(r explain.FoundRoute) {
	if !slices.ContainsFunc(f.Routes, func(other FlowRoute) bool { return placeOf(&other.FoundRoute) == placeOf(&r) }) {
		f.Routes = append(f.Routes, FlowRoute{FoundRoute: r, To: []FlowEndpoint{}})
	}
}

func placeOf(r *explain.FoundRoute) explain.RoutePlace {
	return explain.RoutePlace{Address: r.Address, Host: r.Host, Path: r.Path, Match: r.Match, Conditions: r.Conditions}
}

// completeEndpoints adds the endpoints that got no requests, and says of each whether it takes some.
func (d *Dashboard) completeEndpoints(r *FlowRoute) {
	place := placeOf(&r.FoundRoute)
	detail, ok := d.DataPlane.Route(&place)
	if !ok {
		return
	}
	for i := range detail.Pools {
		pool := &detail.Pools[i]
		for _, task := range pool.Tasks {
			at := slices.IndexFunc(r.To, func(e FlowEndpoint) bool { return e.Service == pool.Service && e.Address == task.Address })
			if at < 0 {
				at = len(r.To)
				r.To = append(r.To, FlowEndpoint{Service: pool.Service, Address: task.Address})
			}
			r.To[at].Takes = r.To[at].Takes || task.TakesRequests
		}
		if len(pool.Tasks) == 0 && !slices.ContainsFunc(r.To, func(e FlowEndpoint) bool { return e.Service == pool.Service }) {
			r.To = append(r.To, FlowEndpoint{Service: pool.Service})
		}
	}
	slices.SortStableFunc(r.To, func(a, b FlowEndpoint) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Address, b.Address))
	})
	const endpointsMost = 12 // A picture of more shows nothing.
	if len(r.To) > endpointsMost {
		slices.SortStableFunc(r.To, func(a, b FlowEndpoint) int { return cmp.Compare(b.PerSecond, a.PerSecond) })
		r.To = r.To[:endpointsMost]
	}
}
