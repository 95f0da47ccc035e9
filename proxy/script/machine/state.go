// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"slices"
)

// State is what scripts remember of a request, from one location to the next and to the response. It is memory
// that is used again.
type State struct {
	// memory holds what the script made. It is only appended to, so that what points into it stays.
	memory []byte
	// slots are the values of the variables of program.
	slots   [][]byte
	program *Program
	// kept are the values that were looked for, by their place in the program.
	kept []keptValue
	// subject and groups are those of the expression that was tried last. There are no groups if it did not match.
	subject []byte
	groups  []int

	// uri is the decoded path. args is the query without its question mark.
	uri, args []byte
	// path and query are those that the client asked for.
	path, query []byte
	// rewritten is set if uri is not that of the request's path any more.
	rewritten bool
	// moved is set if uri or args differ from what the endpoint would get. found is set if the location is looked for
	// anew.
	moved, found bool
	// served is set once the server's steps were run. changes is how often the location was looked for anew.
	served  bool
	changes int
	// level is the level that holds. values are what its fields of the response get, in their order. They are there once
	// ready is set. told is set once the response was changed.
	level       int
	values      [][]byte
	ready, told bool
	// sends are what the fields get that the endpoint gets, in their order. They are there while sending is set.
	sends   [][]byte
	sending bool
	// failed is set once a value would become too long, or takes too long to look at. sent is how long the values are of
	// the fields that were made.
	failed bool
	sent   int
	// effort is what it took to look at values, in bytes, and for expressions in bytes times instructions.
	effort int
}

// keptValue is a value that is looked for once.
type keptValue struct {
	value []byte
	found bool
}

// reset forgets a request.
func (s *State) reset() {
	clear(s.slots)
	clear(s.kept)
	clear(s.values[:cap(s.values)])
	clear(s.sends[:cap(s.sends)])
	*s = State{
		memory: s.memory[:0], slots: s.slots[:0], kept: s.kept[:0], groups: s.groups[:0], values: s.values[:0], sends: s.sends[:0],
	}
}

// Empty forgets a request, and gives back memory beyond most bytes.
func (s *State) Empty(most int) {
	s.reset()
	if cap(s.memory) > most {
		s.memory = nil
	}
}

const (
	// mostLocations is how often a location may be looked for anew, as in nginx.
	mostLocations = 10
	// mostMemory bounds what a script makes of one request. A value can be put together of itself.
	mostMemory = 256 << 10
	// mostValue bounds a field's value that is made of a response.
	mostValue = 16 << 10
	// mostSent bounds the path and the query that a script makes, the URL that it sends a client to, and all values of
	// fields that it makes of a request.
	mostSent = 64 << 10
	// mostEffort bounds what the scripts of one request take of a processor: a few hundredths of a second. Each location
	// that a rewrite leads to may try its expressions anew.
	mostEffort = 2 << 20
)

// enter begins a location. It takes along what variables have in the location before.
func (p *Program) enter(v *View) {
	s := v.State
	switch {
	case s.program == nil: // the first location of a request: the state is empty
		s.path, s.query = v.Path, v.Request.Query
		if v.Sent != nil {
			s.path = v.Sent
		}
		s.args = bytes.TrimPrefix(v.Request.Query, questionMark)
		s.makeRoom(p)
	case s.program != p:
		s.takeAlong(p)
	}
	s.program, s.level, s.ready, s.sending = p, 0, false, false
	s.rewritten, s.moved, s.found = false, false, false
	s.decode(v)
}

// spend counts what it takes to look at a value. It returns false once that is too much.
func (s *State) spend(effort int) bool {
	if s.effort += effort; s.effort > mostEffort {
		s.failed = true
	}
	return !s.failed
}

// makeRoom makes room for the values of a program, which are empty.
func (s *State) makeRoom(p *Program) {
	s.slots = slices.Grow(s.slots[:0], len(p.slots))[:len(p.slots)]
	s.kept = slices.Grow(s.kept[:0], len(p.kept))[:len(p.kept)]
	clear(s.slots)
	clear(s.kept)
}

// takeAlong takes the values of the program before along to another. It allocates: few rewrites lead to another script.
func (s *State) takeAlong(p *Program) {
	slots, kept := make([][]byte, len(p.slots)), make([]keptValue, len(p.kept))
	for i, name := range p.slots {
		if at := slices.Index(s.program.slots, name); at >= 0 {
			slots[i] = s.slots[at]
		}
	}
	for i, part := range p.kept {
		same := func(k textPart) bool { return k.Kind == part.Kind && k.Name == part.Name }
		if at := slices.IndexFunc(s.program.kept, same); at >= 0 {
			kept[i] = s.kept[at]
		}
	}
	s.slots, s.kept = slots, kept
}
