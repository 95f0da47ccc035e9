// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/condition"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// place has the routes that have a path and its match in common. The zero place has no route.
type place struct {
	// only is the route that takes every request for the path. Nil if some route of the place has conditions.
	only *Route
	// rules has the routes in the order of preference. Nil if none has conditions. It is a pointer because tables hold a
	// hundred thousand places, and hardly any of them has conditions.
	rules *[]conditional
}

// conditional is a route with its conditions.
type conditional struct {
	// conditions is nil if the route takes every request.
	conditions *condition.Conditions
	route      *Route
}

// find returns the route of a request, or nil. It does not read the request if no route of the place has conditions.
func (p place) find(req *message.Request, spent *plain.Effort) *Route {
	if p.only != nil || p.rules == nil {
		return p.only
	}
	return p.choose(req, spent)
}

func (p place) choose(req *message.Request, spent *plain.Effort) *Route {
	for i := range *p.rules {
		r := &(*p.rules)[i]
		switch holds := r.conditions.Hold(req, spent); {
		case spent.Over():
			return Overtaxed
		case holds:
			return r.route
		}
	}
	return nil
}

// route returns the route with these conditions, or nil.
func (p place) route(of *snapshot.Conditions) *Route {
	for _, r := range p.list() {
		if r.asks(of) {
			return r.route
		}
	}
	return nil
}

// asks says whether the route has these conditions.
func (c *conditional) asks(of *snapshot.Conditions) bool { return c.conditions.Source().Equal(of) }

// full says whether the place has a route for every request. If so, further routes would take none.
func (p place) full() bool {
	if p.rules == nil {
		return p.only != nil
	}
	return (*p.rules)[len(*p.rules)-1].conditions == nil
}

// list returns the routes in the order of preference.
func (p place) list() []conditional {
	switch {
	case p.only != nil:
		return []conditional{{route: p.only}}
	case p.rules != nil:
		return *p.rules
	}
	return nil
}

// with returns the place with one more route behind the others. The caller must not use p again.
func (p place) with(c *condition.Conditions, rt *Route) place {
	switch {
	case p.rules != nil:
		*p.rules = append(*p.rules, conditional{c, rt})
		return p
	case c == nil:
		return place{only: rt}
	}
	return place{rules: &[]conditional{{c, rt}}}
}

// before returns a place with the routes of p and then those of other. It changes neither of the two.
func (p place) before(other place) place {
	switch {
	case p.full() || other == place{}:
		return p
	case p == place{}:
		return other
	}
	rules := slices.Concat(p.list(), other.list())
	return place{rules: &rules}
}
