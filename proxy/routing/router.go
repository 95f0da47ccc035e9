// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/condition"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/lookup"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Router finds the route of a request on one listener. An exact host goes before a wildcard, and a wildcard before
// the one for every host. Within a host, a closed text goes before an exact path, an exact path before prefixes, a
// longer prefix before a shorter one, every prefix before an expression, and every other one before an open
// expression. Within a place, the first route whose conditions the request meets takes the request. If no route of a
// place takes it, the router looks at the next less specific path. If no route of a host takes it, the router looks
// at the next less specific host of the same owner, and at no other owner's.
//
// Finding allocates nothing. It takes time that grows with the number of different path lengths of the host, and with
// the conditions of the places and the expressions that it looks at. A Router is immutable.
type Router struct {
	exact lookup.Table[*hostTable]
	// wildcard is keyed by what follows the star: ".example.com".
	wildcard lookup.Table[*hostTable]
	every    *hostTable
	// deep is set if a wildcard stands for one or more labels, and not for exactly one.
	deep   bool
	routes int
	// redirects is how many hosts are redirected to HTTPS.
	redirects int
	// Names are the names that the listener takes connections for. Nil if they make no difference to requests.
	Names *identity.Names
	// Asking knows for which hosts clients are asked for certificates. Nil if none are. A listener of the snapshot has
	// Names for that.
	Asking *identity.Asking
}

// hostTable has the paths of one host. The routers of several generations may share it.
type hostTable struct {
	name, owner string
	// listener is the number of the listener whose host it is. It is 0 for a host that is no listener's.
	listener int
	// closed has the texts that close paths. They go before all else. Nil if there are none.
	closed   *closedTexts
	exact    map[string]place
	prefixes map[string]place
	// lengths has the lengths of the prefixes, each once, the longest first.
	lengths []int
	// root is the place of the prefix "/".
	root place
	// expressions come after all prefixes. Nil if there are none.
	expressions expressions
	// open come after all else. Nil if there are none.
	open   *openExpressions
	routes int
	// redirects is set if plain requests for the host are redirected to HTTPS.
	redirects bool
	// alone is set if no less specific host gets what no route of this one takes.
	alone bool
	// series has the series of the routes, each once.
	series []*observe.Series
	// kept has the keys under which the policies of the routes keep something.
	kept []keptBy
	// texts are the expressions of the routes. One may occur several times.
	texts []textKey
	// pools are the ids of the pools that the routes were compiled with, or would have been if there were any. Each occurs
	// once.
	pools []string
	// read has the table in each reading of its paths. Nil if the paths are the same in all readings.
	read *[canonical.Readings]*hostTable
}

var rootPath = []byte("/")

// Find returns the route of a request, or nil. host is canonical. path is the canonical path in the reading as. Of req,
// Find reads only the method, the fields and the query. It reads them only if a route of the host and path has
// conditions. It returns [Overtaxed] if that takes regular expressions too long.
func (r *Router) Find(req *message.Request, host, path []byte, as canonical.Reading) *Route {
	var spent plain.Effort
	for t := r.table(host); t != nil; t = r.next(t) {
		if found := t.in(as).find(req, path, &spent); found != nil {
			return found
		}
	}
	return nil
}

// Ambiguous says whether a request takes another route than found, or none, in some other reading of its path. It also
// returns true if servers do not agree on a reading. found is the route that [Router.Find] returns for the path as it
// is. buf is memory for the readings. Ambiguous returns it, grown if needed.
func (r *Router) Ambiguous(req *message.Request, buf, host, path []byte, found *Route) (bool, []byte) {
	for as := canonical.Decoded; as < canonical.Readings; as++ {
		read, ok := as.Read(buf, path)
		buf = read
		if !ok || r.Find(req, host, read, as) != found {
			return true, buf
		}
	}
	return false, buf
}

// Same says whether a request takes the same route if its path is read as it was sent. found is the route that
// [Router.Find] returns for its canonical path.
func (r *Router) Same(req *message.Request, host, sent, path []byte, found *Route) bool {
	if rest, ok := canonical.BehindAuthority(sent, path); ok {
		if !canonical.ReadsOneWay(path) || r.Find(req, host, rest, canonical.AsItIs) != found {
			return false
		}
	}
	return r.Find(req, host, sent, canonical.AsItIs) == found
}

// table returns the table of the most specific host for a canonical host. The owner of that is the owner of the host.
// If there is none, it returns nil.
func (r *Router) table(host []byte) *hostTable {
	if t, ok := r.exact.Find(host); ok {
		return t
	}
	if r.wildcard.Len() > 0 {
		if dot := bytes.IndexByte(host, '.'); dot > 0 {
			if t := r.over(unsafe.String(&host[dot], len(host)-dot)); t != nil {
				return t
			}
		}
	}
	return r.every
}

// over returns the table of the most specific wildcard over a name, or nil. suffix is the name from its first dot on.
func (r *Router) over(suffix string) *hostTable {
	for {
		t, ok := r.wildcard.Get(suffix)
		if ok || !r.deep {
			return t
		}
		dot := strings.IndexByte(suffix[1:], '.')
		if dot < 0 {
			return nil
		}
		suffix = suffix[1+dot:]
	}
}

// next returns the table of the next less specific host of the same owner, or nil. It gets what no route of t takes.
func (r *Router) next(t *hostTable) *hostTable {
	if t.alone || t == r.every {
		return nil
	}
	name, wildcard := strings.CutPrefix(t.name, "*.")
	if dot := strings.IndexByte(name, '.'); dot > 0 && r.wildcard.Len() > 0 && (!wildcard || r.deep) {
		if over := r.over(name[dot:]); over != nil && over.owner == t.owner {
			return over
		}
	}
	if r.every != nil && r.every.owner == t.owner {
		return r.every
	}
	return nil
}

// Redirected says whether plain requests for a canonical host are redirected to HTTPS.
func (r *Router) Redirected(host []byte) bool {
	if r.redirects == 0 {
		return false
	}
	t := r.table(host)
	return t != nil && t.redirects
}

func (t *hostTable) in(as canonical.Reading) *hostTable {
	if t.read == nil {
		return t
	}
	return t.read[as]
}

func (t *hostTable) find(req *message.Request, path []byte, spent *plain.Effort) *Route {
	if t.closed != nil {
		if found := t.closed.find(path); found != nil {
			return found
		}
	}
	if len(t.exact) > 0 {
		if found := t.exact[string(path)].find(req, spent); found != nil {
			return found
		}
	}
	for _, n := range t.lengths {
		if canonical.EndsSegment(path, n) {
			if found := t.prefixes[string(path[:n])].find(req, spent); found != nil {
				return found
			}
		}
	}
	found := t.root.find(req, spent)
	if found == nil && t.expressions != nil {
		found = t.expressions.find(req, path, spent)
	}
	if found == nil && t.open != nil {
		found = t.open.find(req, path, spent)
	}
	return found
}

// route returns the route that was added with a path, a match and conditions.
func (t *hostTable) route(path string, match snapshot.PathMatch, of *snapshot.Conditions) *Route {
	if match == snapshot.MatchText {
		return t.closed.route(path)
	}
	switch match {
	case snapshot.MatchExpression:
		return t.expressions.route(path, of)
	case snapshot.MatchOpenExpression:
		return t.open.route(path, of)
	}
	return t.place(path, match).route(of)
}

// place returns the place of a path and a match.
func (t *hostTable) place(path string, match snapshot.PathMatch) place {
	switch {
	case match == snapshot.MatchExact:
		return t.exact[path]
	case path == "/":
		return t.root
	}
	return t.prefixes[path]
}

// routerEdit makes a router of another one.
type routerEdit struct {
	Router
	exact, wildcard *lookup.Edit[*hostTable]
}

func (r *Router) edit() *routerEdit { return &routerEdit{*r, r.exact.Edit(), r.wildcard.Edit()} }

// done returns the router. The edit must not be used any more.
func (e *routerEdit) done() Router {
	e.Router.exact, e.Router.wildcard = e.exact.Done(), e.wildcard.Done()
	return e.Router
}

// put puts the table of a host into the router, or takes it out if t is nil. It returns the one that was there before,
// or nil.
func (e *routerEdit) put(name string, t *hostTable) (before *hostTable) {
	before = e.host(name)
	e.count(before, -1)
	e.count(t, 1)
	table, key := e.exact, name
	if suffix, ok := strings.CutPrefix(name, "*"); ok {
		table, key = e.wildcard, suffix
	}
	switch {
	case name == "":
		e.every = t
	case t == nil:
		table.Delete(key)
	default:
		table.Set(key, t)
	}
	return before
}

// count adds a table to the sums of the router, or takes it away. It may be nil.
func (e *routerEdit) count(t *hostTable, sign int) {
	if t == nil {
		return
	}
	e.routes += sign * t.routes
	if t.redirects {
		e.redirects += sign
	}
}

// host returns the table that is there under the name of a host, or nil.
func (e *routerEdit) host(name string) *hostTable {
	return hostIn(name, &e.exact.Table, &e.wildcard.Table, e.every)
}

// each calls f with the table of every host. The router may be nil.
func (r *Router) each(f func(*hostTable)) {
	if r == nil {
		return
	}
	for _, t := range r.exact.All() {
		f(t)
	}
	for _, t := range r.wildcard.All() {
		f(t)
	}
	if r.every != nil {
		f(r.every)
	}
}

// Compiled returns the compiled form of a route of one of the hosts that the router was made of. host is the name of
// that. There is always one.
func (r *Router) Compiled(host string, route *snapshot.Route) *Route {
	return r.host(host).route(route.Path, route.Match, route.Conditions)
}

// host returns the table of a host by its name, or nil.
func (r *Router) host(name string) *hostTable { return hostIn(name, &r.exact, &r.wildcard, r.every) }

func hostIn(name string, exact, wildcard *lookup.Table[*hostTable], every *hostTable) *hostTable {
	if name == "" {
		return every
	}
	table := exact
	if suffix, ok := strings.CutPrefix(name, "*"); ok {
		table, name = wildcard, suffix
	}
	t, _ := table.Get(name)
	return t
}

func newHostTable(h *snapshot.Host, listener int) *hostTable {
	return &hostTable{name: h.Name, owner: h.Owner, listener: listener, alone: h.Alone, routes: len(h.Routes), redirects: h.RedirectHTTPS}
}

// add puts a route whose path is no expression into the table, behind those that the table has for the same place. It
// fails if the path is malformed, or if the place already has a route for every request. The table is complete after
// finish.
func (t *hostTable) add(path string, match snapshot.PathMatch, c *condition.Conditions, rt *Route) error {
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

// put sets the place of a path and a match.
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

// reread returns the same routes under their paths in another reading. If several paths are the same in that reading,
// their places become one. The place of the path that has only one reading comes first. The others follow, sorted by
// path. A later route takes only requests that no earlier route takes. A request may go to a later route by its path as
// it is, and to an earlier one in this reading. Then it is ambiguous.
func (t *hostTable) reread(as canonical.Reading) *hostTable {
	other := &hostTable{root: t.root, closed: t.closed.reread(as), expressions: t.expressions, open: t.open}
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

// sort orders the lengths of the prefixes and of the closed texts as find tries them.
func (t *hostTable) sort() {
	t.expressions.sort()
	t.open.sort()
	t.lengths = longestFirst(t.lengths)
	if t.closed != nil {
		t.closed.lengths = longestFirst(t.closed.lengths)
	}
}

func longestFirst(lengths []int) []int {
	slices.SortFunc(lengths, func(a, b int) int { return cmp.Compare(b, a) })
	return slices.Compact(lengths)
}
