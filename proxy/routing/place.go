// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// place is what a path leads to: the routes that have the path and its match in common. The zero place has no route.
type place struct {
	// only is the route of every request for the path. Nil if some route of the place has conditions.
	only *Route
	// rules are the routes in the order of preference, if some have conditions. They are behind a pointer because tables
	// hold a hundred thousand places, and hardly one of them has any.
	rules *[]conditional
}

// conditional is a route of those requests that meet its conditions.
type conditional struct {
	// conditions are nil for the route of all other requests.
	conditions *conditions
	route      *Route
}

// find returns the route of a request, or nil. A place without conditions looks at nothing of the request.
func (p place) find(req *message.Request) *Route {
	if p.only != nil || p.rules == nil {
		return p.only
	}
	return p.choose(req)
}

func (p place) choose(req *message.Request) *Route {
	for i := range *p.rules {
		if r := &(*p.rules)[i]; r.conditions.hold(req) {
			return r.route
		}
	}
	return nil
}

// route returns the route that has these conditions, or nil.
func (p place) route(of *snapshot.Conditions) *Route {
	for _, r := range p.list() {
		if r.conditions == nil && of == nil || r.conditions != nil && r.conditions.of.Equal(of) {
			return r.route
		}
	}
	return nil
}

// full says whether the place has a route for every request, so that none of further routes would take any.
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

// with returns the place with one more route, which comes after the others. The place that it is called on is used no
// more.
func (p place) with(c *conditions, rt *Route) place {
	switch {
	case p.rules != nil:
		*p.rules = append(*p.rules, conditional{c, rt})
		return p
	case c == nil:
		return place{only: rt}
	}
	return place{rules: &[]conditional{{c, rt}}}
}

// before returns a place with the routes of both, those of other last. Both remain as they are.
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
