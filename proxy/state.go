package proxy

import (
	"net/netip"
	"sync/atomic"
)

// state is what outlives a swap of the generation: the endpoints with their idle connections, by address, the
// balancers' cursors, by the pool's id, the ids of rate-limited rules and the parsed certificates. It is changed only
// while a snapshot is applied.
type state struct {
	transports *transportConfig
	endpoints  map[netip.AddrPort]*endpoint
	cursors    map[string]*atomic.Uint32
	rules      map[limitedRule]uint32
	lastRule   uint32
	// certificates are the parsed ones, by id.
	certificates map[string]*loadedCertificate
}

func newState(config *transportConfig) *state {
	return &state{
		transports:   config,
		endpoints:    make(map[netip.AddrPort]*endpoint),
		cursors:      make(map[string]*atomic.Uint32),
		rules:        make(map[limitedRule]uint32),
		certificates: make(map[string]*loadedCertificate),
	}
}

func (s *state) endpoint(address netip.AddrPort) *endpoint {
	e := s.endpoints[address]
	if e == nil {
		e = newEndpoint(address, s.transports)
		s.endpoints[address] = e
	}
	return e
}

func (s *state) cursor(pool string) *atomic.Uint32 {
	c := s.cursors[pool]
	if c == nil {
		c = new(atomic.Uint32)
		s.cursors[pool] = c
	}
	return c
}

// rule returns the id under which what clients used of a route's limit is remembered.
func (s *state) rule(r limitedRule) uint32 {
	id, ok := s.rules[r]
	if !ok {
		s.lastRule++
		id = s.lastRule
		s.rules[r] = id
	}
	return id
}

func (r *Route) limitedRule(host string) limitedRule {
	return limitedRule{ingress: r.Rule.Ingress, host: host, path: r.Path, match: r.Match, limit: r.RateLimit}
}

// keepOnly forgets what no pool of the snapshot needs any more. An endpoint that goes, or takes no new
// requests, closes its idle connections now and the busy ones as they become idle.
func (s *state) keepOnly(snapshot *Snapshot) {
	pools := make(map[string]bool, len(snapshot.Pools))
	inUse := make(map[netip.AddrPort]bool, len(s.endpoints))
	for i := range snapshot.Pools {
		p := &snapshot.Pools[i]
		pools[p.ID] = true
		for j := range p.Endpoints {
			e := &p.Endpoints[j]
			if e.takesRequests() {
				inUse[e.Address] = true
			}
		}
	}
	rules := make(map[limitedRule]bool, len(s.rules))
	for i := range snapshot.Hosts {
		h := &snapshot.Hosts[i]
		for j := range h.Routes {
			if r := &h.Routes[j]; r.RateLimit.PerSecond > 0 {
				rules[r.limitedRule(h.Name)] = true
			}
		}
	}
	for r := range s.rules {
		if !rules[r] {
			delete(s.rules, r)
		}
	}
	certificates := make(map[string]bool, len(snapshot.Certificates))
	for i := range snapshot.Certificates {
		certificates[snapshot.Certificates[i].ID] = true
	}
	for id := range s.certificates {
		if !certificates[id] {
			delete(s.certificates, id)
		}
	}
	for id := range s.cursors {
		if !pools[id] {
			delete(s.cursors, id)
		}
	}
	for address, e := range s.endpoints {
		if !inUse[address] {
			delete(s.endpoints, address)
			e.retire()
		}
	}
}
