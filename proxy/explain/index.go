// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// The states of a route.
const (
	// RouteServing is a route whose requests get to an endpoint, or that answers them by itself.
	RouteServing = "serving"
	// RouteDown is a route without an endpoint that takes requests.
	RouteDown = "down"
	// RouteClosed is a route that answers every request with 503.
	RouteClosed = "closed"
)

// State returns in a word whether the route is served.
func (r *ServedRoute) State() string {
	switch {
	case r.Closed != "":
		return RouteClosed
	case r.Answers == "" && r.Taking == 0:
		return RouteDown
	}
	return RouteServing
}

// RouteSearch says which routes somebody looks for.
type RouteSearch struct {
	// Words have to be in the route's host, path, object, service or listener, each in any of these. Their case does not
	// matter.
	Words []string
	// State is that of the routes. Empty is for all.
	State string
	// Skip is how many of those that are found are left out first, and Most how many are listed.
	Skip, Most int
}

// FoundRoutes are the routes that a search finds.
type FoundRoutes struct {
	// Generation is the number of the generation that was searched.
	Generation uint64 `json:"generation"`
	// Total is how many routes it has, and Matched how many of these are what is looked for.
	Total   int `json:"total"`
	Matched int `json:"matched"`
	// Routes are those of them that are listed, by listener, host and place.
	Routes []FoundRoute `json:"routes"`
}

// FoundRoute is a route with its state.
type FoundRoute struct {
	ServedRoute
	State string `json:"state"`
}

// RouteStates counts the routes of a generation by their states, and what else there is in it.
type RouteStates struct {
	Generation uint64 `json:"generation"`
	Hosts      int    `json:"hosts"`
	Routes     int    `json:"routes"`
	Down       int    `json:"down"`
	Closed     int    `json:"closed"`
	// Refused counts the rules that are written and not served.
	Refused int `json:"refused"`
	// Endpoints counts those of all pools, and Taking those that take requests.
	Endpoints int `json:"endpoints"`
	Taking    int `json:"taking"`
	// Troubled are the first routes that are down or closed.
	Troubled []FoundRoute `json:"troubled,omitempty"`
}

// troubledMost bounds RouteStates.Troubled.
const troubledMost = 20

// indexRest is how long an index is kept after the last search.
const indexRest = time.Minute

// routeIndex keeps the index of the generation that was searched last, while somebody searches.
type routeIndex struct {
	mu    sync.Mutex
	index *index
	// rest ends the index after a while without a search.
	rest *time.Timer
}

// index finds routes of a generation by words.
type index struct {
	*routing.Generation
	places []indexedPlace
	// text has what each place is found by, in lower case, one behind the other.
	text []byte
}

type indexedPlace struct {
	at    *snapshot.Listener
	host  *snapshot.Host
	route int32
	// end is where the place's text ends.
	end uint32
}

// of returns the index of a generation.
func (x *routeIndex) of(g *routing.Generation) *index {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.rest == nil {
		x.rest = time.AfterFunc(indexRest, x.drop)
	}
	x.rest.Reset(indexRest)
	if x.index == nil || x.index.Generation != g {
		x.index = newIndex(g)
	}
	return x.index
}

// drop lets go of the index, and of the generation with it.
func (x *routeIndex) drop() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.index = nil
}

func newIndex(g *routing.Generation) *index {
	i := &index{Generation: g, places: make([]indexedPlace, 0, g.Routes())}
	g.Snapshot.EachHost(func(at *snapshot.Listener, h *snapshot.Host) {
		for j := range h.Routes {
			r := &h.Routes[j]
			for _, part := range []string{explanation.ShownHost(h.Name), r.Path, " ", r.Rule.Ingress, " "} {
				i.text = append(i.text, strings.ToLower(part)...)
			}
			for id := range r.Pools() {
				i.text = append(append(i.text, strings.ToLower(id)...), ' ')
			}
			if at != nil {
				i.text = append(i.text, strings.ToLower(h.Owner)...)
			}
			i.places = append(i.places, indexedPlace{at, h, int32(j), uint32(len(i.text))})
		}
	})
	return i
}

// Generation returns the number of the generation that is served.
func (x *Explainer) Generation() uint64 { return x.basis.Generation.Load().Number }

// Routes returns the routes that somebody looks for.
func (x *Explainer) Routes(s *RouteSearch) FoundRoutes {
	i := x.index.of(x.basis.Generation.Load())
	words := make([][]byte, 0, len(s.Words))
	for _, word := range s.Words {
		words = append(words, []byte(strings.ToLower(word)))
	}
	found := FoundRoutes{Generation: i.Number, Total: len(i.places), Routes: []FoundRoute{}}
	pools, begin := newTaking(i.Generation), uint32(0)
	for n := range i.places {
		p := &i.places[n]
		text := i.text[begin:p.end]
		begin = p.end
		if slices.ContainsFunc(words, func(word []byte) bool { return !bytes.Contains(text, word) }) {
			continue
		}
		if s.State != "" && pools.state(p.of()) != s.State {
			continue
		}
		if found.Matched++; found.Matched > s.Skip && len(found.Routes) < s.Most {
			found.Routes = append(found.Routes, p.found(pools))
		}
	}
	return found
}

// RouteStates counts the routes that are served by their states.
func (x *Explainer) RouteStates() RouteStates {
	i := x.index.of(x.basis.Generation.Load())
	s := RouteStates{Generation: i.Number, Routes: len(i.places), Refused: len(i.Snapshot.Unserved)}
	pools := newTaking(i.Generation)
	var last *snapshot.Host
	for n := range i.places {
		p := &i.places[n]
		if p.host != last {
			last = p.host
			s.Hosts++
		}
		switch pools.state(p.of()) {
		case RouteDown:
			s.Down++
		case RouteClosed:
			s.Closed++
		default:
			continue
		}
		if len(s.Troubled) < troubledMost {
			s.Troubled = append(s.Troubled, p.found(pools))
		}
	}
	for n := range i.Snapshot.Pools {
		pool := pools.pool(i.Snapshot.Pools[n].ID)
		s.Taking += pool.taking
		s.Endpoints += pool.endpoints
	}
	return s
}

func (p *indexedPlace) of() *snapshot.Route { return &p.host.Routes[p.route] }

func (p *indexedPlace) found(pools *taking) FoundRoute {
	route := pools.served(p.at, p.host, p.of())
	return FoundRoute{route, route.State()}
}

// state is [ServedRoute.State] of a route, at less cost.
func (t *taking) state(r *snapshot.Route) string {
	if r.Closed != "" {
		return RouteClosed
	}
	for id := range r.Pools() {
		if t.pool(id).taking > 0 {
			return RouteServing
		}
	}
	if answersBy(r) != "" {
		return RouteServing
	}
	return RouteDown
}

// RoutePlace names a route of those that are served.
type RoutePlace struct {
	// Address is that of the listener. It is empty for what is served where Ingresses are.
	Address string
	// Host, Path, Match and Conditions are like those of a [ServedRoute].
	Host, Path, Match, Conditions string
}

// RouteDetail is all that there is to say of a route that is served.
type RouteDetail struct {
	Generation uint64 `json:"generation"`
	FoundRoute
	// Owner is whose the host is, if it belongs to one.
	Owner string `json:"owner,omitempty"`
	// Policies are the names of what the route does with requests and responses, in its order.
	Policies []string `json:"policies,omitempty"`
	// Backends, Mirrors, ErrorPages, Fallback and Retries are like those of an [explanation.Explanation].
	Backends   []explanation.Backend   `json:"backends,omitempty"`
	Mirrors    []explanation.Mirror    `json:"mirrors,omitempty"`
	ErrorPages []explanation.ErrorPage `json:"errorPages,omitempty"`
	Fallback   *explanation.Fallback   `json:"fallback,omitempty"`
	Retries    *explanation.Retries    `json:"retries,omitempty"`
	// Pools are those that the route leads to.
	Pools []explanation.Pool `json:"pools,omitempty"`
	// RedirectHTTPS is set if requests over plain HTTP are sent to HTTPS.
	RedirectHTTPS bool `json:"redirectHTTPS,omitempty"`
	// Certificate is what a handshake for the host gets. It is nil if the host gets none, or is a wildcard.
	Certificate *explanation.Certificate `json:"certificate,omitempty"`
	// Timeouts are in seconds, without those that are not bounded.
	Timeouts map[string]float64 `json:"timeouts,omitempty"`
	// URL is one that the route may be for, to be explained. It is empty if none can be named.
	URL string `json:"url,omitempty"`
}

// Route describes a route. It returns false if there is none of the name.
func (x *Explainer) Route(place *RoutePlace) (RouteDetail, bool) {
	g := x.basis.Generation.Load()
	for _, at := range sitesOf(g) {
		if address := at.address(); address.IsValid() && address.String() != place.Address || !address.IsValid() && place.Address != "" {
			continue
		}
		h := at.named(place.Host)
		if h == nil {
			return RouteDetail{}, false
		}
		for i := range h.Routes {
			r := &h.Routes[i]
			if r.Path == place.Path && r.Match.String() == place.Match && r.Conditions.String() == place.Conditions {
				return at.detail(h, r), true
			}
		}
	}
	return RouteDetail{}, false
}

func (s *site) detail(h *snapshot.Host, r *snapshot.Route) RouteDetail {
	g := s.Generation
	route := newTaking(g).served(s.listener, h, r)
	d := RouteDetail{
		Generation: g.Number, FoundRoute: FoundRoute{route, route.State()}, Owner: h.Owner,
		Backends: backendsOf(g, r), Mirrors: mirrorsOf(g, r), ErrorPages: errorPagesOf(g, r), Fallback: fallbackOf(g, r), Retries: retriesOf(r),
		RedirectHTTPS: h.RedirectHTTPS, Timeouts: timeoutsOf(&r.Timeouts),
	}
	for _, p := range r.Policies {
		d.Policies = append(d.Policies, p.Name())
	}
	for id := range r.Pools() {
		if !slices.ContainsFunc(d.Pools, func(p explanation.Pool) bool { return p.ID == id }) {
			d.Pools = append(d.Pools, describePool(g, g.Pool(id), r.Balancing.Policy.String(), []byte(h.Name)))
		}
	}
	if h.Exact() {
		d.Certificate, _, _ = explainCertificate(s, h.Name)
	}
	d.URL = s.example(h, r, d.Certificate != nil)
	return d
}

// example returns a URL that a route may be for.
func (s *site) example(h *snapshot.Host, r *snapshot.Route, certified bool) string {
	host := strings.Replace(h.Name, "*", "any", 1)
	if host == "" {
		host = "example.com"
	}
	if r.Match == snapshot.MatchExpression || r.Match == snapshot.MatchOpenExpression {
		return "" // Whoever wrote the expression knows what it is for.
	}
	secure, port := certified && h.RedirectHTTPS, ""
	if s.listener != nil {
		secure = s.listener.TLS
		port = fmt.Sprintf(":%d", s.listener.ClientPort())
	}
	return schemeOf(secure) + "://" + host + port + strings.ReplaceAll(r.Path, " ", "%20")
}

// timeoutsOf returns those of the timeouts that bound something.
func timeoutsOf(t *snapshot.Timeouts) map[string]float64 {
	all := make(map[string]float64)
	for name, d := range map[string]time.Duration{
		"request": t.Request, "attempt": t.Attempt, "connect": t.Connect, "response": t.Response, "idle": t.Idle,
	} {
		if d > 0 {
			all[name] = d.Seconds()
		}
	}
	return all
}

// Locate returns the route that an object has at a place, for a host that requests were for. It returns false if that
// is not served any more. The same may be served at several listeners. Then it is that of the first.
func (x *Explainer) Locate(host, object, place, path string) (FoundRoute, bool) {
	g := x.basis.Generation.Load()
	for _, at := range sitesOf(g) {
		for _, name := range at.names([]byte(host)) {
			h := at.named(name)
			if h == nil {
				continue
			}
			for i := range h.Routes {
				if r := &h.Routes[i]; r.Path == path && r.Rule.Ingress == object && r.Rule.Place() == place {
					route := newTaking(g).served(at.listener, h, r)
					return FoundRoute{route, route.State()}, true
				}
			}
		}
	}
	return FoundRoute{}, false
}
