package proxy

import (
	"slices"
	"sort"
	"sync/atomic"
)

// pool is a compiled Pool: the endpoints that take requests, and a cursor over them. Picking takes no lock.
type pool struct {
	id        string
	service   string
	endpoints []*endpoint
	// bounds are the running sums of the weights, nil where all weights are equal.
	bounds []uint64
	cursor *atomic.Uint32
}

func newPool(p *Pool, s *state) *pool {
	c := &pool{id: p.ID, service: p.Service, cursor: s.cursor(p.ID)}
	equal, sum := true, uint64(0)
	for i := range p.Endpoints {
		e := &p.Endpoints[i]
		if !e.takesRequests() {
			continue
		}
		equal = equal && (len(c.bounds) == 0 || uint64(e.Weight) == c.bounds[0])
		sum += uint64(e.Weight)
		c.bounds = append(c.bounds, sum)
		c.endpoints = append(c.endpoints, s.endpoint(e.Address))
	}
	if equal {
		c.bounds = nil
	}
	return c
}

func (e *Endpoint) takesRequests() bool { return e.Weight > 0 && !e.Draining && !e.Unhealthy }

// pick returns the endpoint for the next request, one that is not among tried, or nil.
func (p *pool) pick(tried []*endpoint) *endpoint {
	n := len(p.endpoints)
	if n <= len(tried) {
		return nil
	}
	first := p.position(p.cursor.Add(1) - 1)
	for i := range n {
		if e := p.endpoints[(first+i)%n]; len(tried) == 0 || !slices.Contains(tried, e) {
			return e
		}
	}
	return nil
}

// position maps the number of a request to an index. With equal weights it goes round. With others it puts the
// multiples of the golden ratio, which fall evenly into any interval of a circle, onto a circle that the endpoints share
// by weight: a share is met closely from the first requests on, and no schedule has to be kept.
func (p *pool) position(request uint32) int {
	if p.bounds == nil {
		return int(request % uint32(len(p.endpoints)))
	}
	const golden = 0x9e3779b9 // 2^32 divided by the golden ratio, odd
	point := uint64(request*golden) * p.bounds[len(p.bounds)-1] >> 32
	return sort.Search(len(p.bounds), func(i int) bool { return p.bounds[i] > point })
}
