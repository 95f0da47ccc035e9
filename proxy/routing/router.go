// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// router finds the route of a request: an exact host before a wildcard before every host; within a host an exact
// path, then the longest prefix; within a place the first route whose conditions the request meets. Where no route of a
// place takes the request, the next less specific path is looked at. Where none of a more specific host does, the next
// host of the same owner is looked at, and no other's. Finding allocates nothing. It takes time that grows with the
// host's distinct path lengths and with the conditions of the places that it comes to. A router is immutable.
type router struct {
	exact map[string]site
	// wildcard is keyed by what follows the star: ".example.com".
	wildcard map[string]*site
	every    *site
	routes   int
	// redirects is set where any host is redirected to HTTPS.
	redirects bool
}

// site is a host's table in one router, which may share the table with the router before.
type site struct {
	*hostTable
	owner string
	// next is the site that has what no route of this one takes: the next less specific one of the same owner.
	next *site
}

// hostTable is the paths of one host.
type hostTable struct {
	// closed goes before all else. It is nil where there is nothing in it.
	closed   *closedTexts
	exact    map[string]place
	prefixes map[string]place
	// lengths are those of the prefixes, each once, the longest first.
	lengths []int
	// root is the place of the prefix "/".
	root   place
	routes int
	// redirects is set where plain requests for the host are redirected to HTTPS.
	redirects bool
	// series are those of the routes, each once.
	series []*observe.Series
	// kept is what the policies of the routes keep, under which keys.
	kept []keptBy
	// read are the same paths in other readings, or nil where they are the same in all of them.
	read *[canonical.Readings]*hostTable
}

var rootPath = []byte("/")

// find returns the route of a request for a canonical host and for a path in some reading, or nil. Host and path of the
// request itself are not looked at.
func (r *router) find(req *message.Request, host, path []byte, as canonical.Reading) *Route {
	s := r.site(host)
	for next := &s; next != nil && next.hostTable != nil; next = next.next {
		if found := next.in(as).find(req, path); found != nil {
			return found
		}
	}
	return nil
}

// ambiguous says whether a request that the rules read as found's is another rule's with its path in any other reading,
// or none's at all, or has one that servers do not agree on. It returns buf, grown where that was needed.
func (r *router) ambiguous(req *message.Request, buf, host, path []byte, found *Route) (bool, []byte) {
	for as := canonical.Decoded; as < canonical.Readings; as++ {
		read, ok := as.Read(buf, path)
		buf = read
		if !ok || r.find(req, host, read, as) != found {
			return true, buf
		}
	}
	return false, buf
}

// site returns the most specific site that a canonical host is one of, which decides whose the host is. It has no table
// where there is none.
func (r *router) site(host []byte) site {
	if s, ok := r.exact[string(host)]; ok {
		return s
	}
	if len(r.wildcard) > 0 {
		if dot := bytes.IndexByte(host, '.'); dot > 0 {
			if s := r.wildcard[string(host[dot:])]; s != nil {
				return *s
			}
		}
	}
	if r.every != nil {
		return *r.every
	}
	return site{}
}

// redirected says whether plain requests for the host are redirected to HTTPS.
func (r *router) redirected(host []byte) bool {
	if !r.redirects {
		return false
	}
	s := r.site(host)
	return s.hostTable != nil && s.redirects
}

func (t *hostTable) in(as canonical.Reading) *hostTable {
	if t.read == nil {
		return t
	}
	return t.read[as]
}

func (t *hostTable) find(req *message.Request, path []byte) *Route {
	if t.closed != nil {
		if found := t.closed.find(path); found != nil {
			return found
		}
	}
	if len(t.exact) > 0 {
		if found := t.exact[string(path)].find(req); found != nil {
			return found
		}
	}
	for _, n := range t.lengths {
		if canonical.EndsSegment(path, n) {
			if found := t.prefixes[string(path[:n])].find(req); found != nil {
				return found
			}
		}
	}
	return t.root.find(req)
}

// route returns the route that was added with a path and with conditions.
func (t *hostTable) route(path string, match snapshot.PathMatch, of *snapshot.Conditions) *Route {
	if match == snapshot.MatchText {
		return t.closed.route(path)
	}
	return t.place(path, match).route(of)
}

// place returns the place of a path.
func (t *hostTable) place(path string, match snapshot.PathMatch) place {
	switch {
	case match == snapshot.MatchExact:
		return t.exact[path]
	case path == "/":
		return t.root
	}
	return t.prefixes[path]
}

func newRouter(hosts int) router {
	return router{exact: make(map[string]site, hosts), wildcard: make(map[string]*site)}
}

// add puts a host's table into the router. Less specific hosts have to come before more specific ones.
func (r *router) add(name, owner string, t *hostTable) {
	r.routes += t.routes
	r.redirects = r.redirects || t.redirects
	s := site{hostTable: t, owner: owner}
	suffix, wildcard := strings.CutPrefix(name, "*")
	switch {
	case name == "":
		r.every = &s
	case wildcard:
		s.next = r.every.of(owner)
		r.wildcard[suffix] = &s
	default:
		s.next = r.every.of(owner)
		if dot := strings.IndexByte(name, '.'); dot > 0 {
			if over := r.wildcard[name[dot:]].of(owner); over != nil {
				s.next = over
			}
		}
		r.exact[name] = s
	}
}

// of returns the site if it is the owner's.
func (s *site) of(owner string) *site {
	if s == nil || s.owner != owner {
		return nil
	}
	return s
}

// each calls f with every host's table.
func (r *router) each(f func(*hostTable)) {
	for _, s := range r.exact {
		f(s.hostTable)
	}
	for _, s := range r.wildcard {
		f(s.hostTable)
	}
	if r.every != nil {
		f(r.every.hostTable)
	}
}

// host returns the table that was added under the name.
func (r *router) host(name string) *hostTable {
	s := r.exact[name]
	switch {
	case name == "" && r.every != nil:
		s = *r.every
	case strings.HasPrefix(name, "*") && r.wildcard[name[1:]] != nil:
		s = *r.wildcard[name[1:]]
	}
	return s.hostTable
}

func newHostTable(routes int, redirects bool) *hostTable {
	return &hostTable{routes: routes, redirects: redirects}
}

// add puts a route into the table, behind those that the table has for the same place. The table is complete after
// finish.
func (t *hostTable) add(path string, match snapshot.PathMatch, c *conditions, rt *Route) error {
	if form, err := canonical.Path(nil, []byte(path)); err != nil || string(form) != path {
		return fmt.Errorf("path %q is not canonical", path)
	}
	if match == snapshot.MatchText {
		if t.closed == nil {
			t.closed = new(closedTexts)
		}
		return t.closed.put(path, rt)
	}
	if match == snapshot.MatchPrefix && path != "/" && strings.HasSuffix(path, "/") {
		return fmt.Errorf("prefix %q ends with a slash", path)
	}
	p := t.place(path, match)
	if p.full() {
		return fmt.Errorf("path %q occurs twice", path)
	}
	t.put(path, match, p.with(c, rt))
	return nil
}

// put has a path lead to a place.
func (t *hostTable) put(path string, match snapshot.PathMatch, p place) {
	switch {
	case match == snapshot.MatchExact:
		if t.exact == nil {
			t.exact = make(map[string]place)
		}
		t.exact[path] = p
	case path == "/":
		t.root = p
	default:
		if t.prefixes == nil {
			t.prefixes = make(map[string]place)
		}
		t.lengths = append(t.lengths, len(path))
		t.prefixes[path] = p
	}
}

// finish completes the table after the last add.
func (t *hostTable) finish() {
	t.sort()
	if readOneWay(t.exact) && readOneWay(t.prefixes) && readOneWay(t.closed.routes()) {
		return
	}
	t.read = &[canonical.Readings]*hostTable{canonical.AsItIs: t}
	for as := canonical.Decoded; as < canonical.Readings; as++ {
		t.read[as] = t.reread(as)
	}
}

// readOneWay says whether each of the paths has only one reading.
func readOneWay[T any](paths map[string]T) bool {
	for path := range paths {
		if !canonical.ReadsOneWay([]byte(path)) {
			return false
		}
	}
	return true
}

// reread returns the same routes under their paths in another reading. Where several paths are the same in it, their
// places become one: that of the path which is so in all readings comes first, then the others by their paths. A route
// of the others takes only requests that no earlier route takes. A request that is another route's as it is written is
// ambiguous then.
func (t *hostTable) reread(as canonical.Reading) *hostTable {
	other := &hostTable{root: t.root, closed: t.closed.reread(as)}
	both := map[snapshot.PathMatch]map[string]place{snapshot.MatchExact: t.exact, snapshot.MatchPrefix: t.prefixes}
	for match, places := range both {
		paths := slices.Collect(maps.Keys(places))
		slices.SortFunc(paths, func(a, b string) int {
			if plain := canonical.ReadsOneWay([]byte(a)); plain != canonical.ReadsOneWay([]byte(b)) {
				if plain {
					return -1
				}
				return 1
			}
			return cmp.Compare(a, b)
		})
		for _, path := range paths {
			read, ok := as.Read(nil, []byte(path))
			if match == snapshot.MatchPrefix && len(read) > 1 {
				read = bytes.TrimSuffix(read, rootPath)
			}
			if ok {
				other.put(string(read), match, other.place(string(read), match).before(places[path]))
			}
		}
	}
	other.sort()
	return other
}

// sort orders the prefixes' lengths as find tries them.
func (t *hostTable) sort() {
	t.lengths = longestFirst(t.lengths)
	if t.closed != nil {
		t.closed.lengths = longestFirst(t.closed.lengths)
	}
}

func longestFirst(lengths []int) []int {
	slices.SortFunc(lengths, func(a, b int) int { return cmp.Compare(b, a) })
	return slices.Compact(lengths)
}
