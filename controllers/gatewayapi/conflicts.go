// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"iter"
	"strings"

	"github.com/warren-dev/ingress/controllers/rules"
)

// reasonHostnameConflict is why a route is not accepted whose hosts a route of another kind has. The API wants the
// condition, and has no reason for it. Listeners have one of this name.
const reasonHostnameConflict = "HostnameConflict"

// hostSet is a set of names of hosts. The names are kept without their stars.
type hostSet struct {
	// names are those of the set, and above the wildcards that cover some of them.
	names, above map[string]struct{}
}

// add adds a name.
func (s *hostSet) add(name string) {
	if s.names == nil {
		s.names, s.above = make(map[string]struct{}), make(map[string]struct{})
	}
	name = strings.TrimPrefix(name, "*")
	if _, ok := s.names[name]; ok {
		return
	}
	s.names[name] = struct{}{}
	for wildcard := range wildcardsOver(name) {
		s.above[wildcard] = struct{}{}
	}
}

// shares returns whether a host that a name stands for is one that the set stands for.
func (s *hostSet) shares(name string) bool {
	name = strings.TrimPrefix(name, "*")
	_, same := s.names[name]
	_, below := s.above[name]
	if same || below {
		return true
	}
	for wildcard := range wildcardsOver(name) {
		if _, ok := s.names[wildcard]; ok {
			return true
		}
	}
	return false
}

// wildcardsOver returns the wildcards that cover a name, the longest first. All are without their stars.
func wildcardsOver(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for name != "" {
			if dot := strings.IndexByte(name[1:], '.'); dot >= 0 {
				name = name[1+dot:]
			} else {
				name = ""
			}
			if !yield(name) {
				return
			}
		}
	}
}

// haveSeveralKinds returns whether routes may be in conflict at all.
func haveSeveralKinds(routes []*Route) bool {
	for _, r := range routes {
		if r.object.Kind != routes[0].object.Kind {
			return true
		}
	}
	return false
}

// take notes the hosts that a route has at a listener.
func (l *listener) take(route *Route) {
	if l.taken == nil {
		l.taken = make(map[string]*hostSet)
	}
	of := l.taken[route.object.Kind]
	if of == nil {
		of = new(hostSet)
		l.taken[route.object.Kind] = of
	}
	for _, name := range hostnames(route.hostnames, l.name) {
		of.add(name)
	}
}

// withoutConflict returns those of a route's listeners where no older route of another kind has some of its hosts, or
// why there is none. The API does not let HTTPRoutes and GRPCRoutes share a host.
func withoutConflict(listeners []*listener, route *Route) (free []*listener, refused finding) {
	conflict := ""
	for _, l := range listeners {
		if name, by := l.takenFrom(route); by != "" {
			conflict = "an older " + by + " has " + hostsText(name) + ", or some of them, at listener " + rules.Clip(string(l.spec.Name)) +
				", and routes of two kinds cannot share a host: choose other hostnames, or another listener"
			continue
		}
		free = append(free, l)
	}
	if len(free) == 0 {
		return nil, finding{reasonHostnameConflict, conflict}
	}
	return free, finding{}
}

// takenFrom returns a name of hosts that a route cannot have at a listener, and the kind of the route that has them. by
// is empty if there is none.
func (l *listener) takenFrom(route *Route) (name, by string) {
	for _, kind := range httpKinds {
		of := l.taken[kind]
		if of == nil || kind == route.object.Kind {
			continue
		}
		for _, name := range hostnames(route.hostnames, l.name) {
			if of.shares(name) {
				return name, kind
			}
		}
	}
	return "", ""
}

func hostsText(name string) string {
	if name == "" {
		return "all hosts"
	}
	return "hosts " + rules.Clip(name)
}
