package proxy

import (
	"fmt"
)

// generation is a snapshot compiled for serving. It is immutable; what changes while it serves is behind the
// pointers of its endpoints and cursors, which outlive it.
type generation struct {
	number       uint64
	snapshot     *Snapshot
	router       router
	certificates certificates
}

// route is a compiled Route.
type route struct {
	Route
	pool *pool
	// limit is the id of the route's rate limit.
	limit                           uint32
	requestHeaders, responseHeaders headerChanges
	rewrites                        bool
	rewrite                         rewrite
}

// compile makes a generation of s. Running state is taken from and added to state, which is the caller's to lock.
func compile(s *Snapshot, number uint64, state *state) (*generation, error) {
	g := &generation{number: number, snapshot: s}
	pools := make(map[string]*pool, len(s.Pools))
	for i := range s.Pools {
		p := &s.Pools[i]
		if pools[p.ID] != nil {
			return nil, fmt.Errorf("pool %q occurs twice", p.ID)
		}
		pools[p.ID] = newPool(p, state)
	}
	exact, wildcard := 0, 0
	for i := range s.Hosts {
		if name := s.Hosts[i].Name; name != "" && name[0] == '*' {
			wildcard++
		} else {
			exact++
		}
	}
	g.router = router{exact: make(map[string]*hostTable, exact), wildcard: make(map[string]*hostTable, wildcard)}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if i > 0 && s.Hosts[i-1].Name >= h.Name {
			return nil, fmt.Errorf("hosts are not sorted: %q follows %q", h.Name, s.Hosts[i-1].Name)
		}
		compiled := make([]route, len(h.Routes))
		routes := make([]*route, len(h.Routes))
		for j := range h.Routes {
			p := pools[h.Routes[j].Pool]
			if p == nil {
				return nil, fmt.Errorf("host %q, path %q: there is no pool %q", h.Name, h.Routes[j].Path, h.Routes[j].Pool)
			}
			compiled[j] = compileRoute(&h.Routes[j], h.Name, p, state)
			routes[j] = &compiled[j]
		}
		if err := g.router.add(h.Name, routes, h.RedirectHTTPS); err != nil {
			return nil, err
		}
	}
	var err error
	if g.certificates, err = compileCertificates(s.Certificates, state); err != nil {
		return nil, err
	}
	return g, nil
}

func compileRoute(r *Route, host string, p *pool, state *state) route {
	c := route{
		Route:           *r,
		pool:            p,
		requestHeaders:  compileHeaders(&r.Headers.Request),
		responseHeaders: compileHeaders(&r.Headers.Response),
		rewrites:        r.Rewrite != (Rewrite{}),
		rewrite:         compileRewrite(&r.Rewrite),
	}
	if r.RateLimit.PerSecond > 0 {
		c.limit = state.rule(r.limitedRule(host))
	}
	return c
}
