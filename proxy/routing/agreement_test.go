// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/condition/conditiontest"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// asker makes routes and requests. It has so few paths, names and values that they often match.
type asker struct{ *rand.Rand }

func pick[T any](a asker, from ...T) T { return from[a.IntN(len(from))] }

// Several of askedPaths are the same path in some reading. No list of distinctPaths has two such paths, except for the
// last.
var (
	askedPaths    = []string{"/", "/a", "/a/b", "/b", "/a%2Fb", "/a%5Cb", "/a;x/b"}
	distinctPaths = [][]string{{"/", "/a", "/b", "/a/b"}, {"/", "/a", "/b", "/a%2Fb"}, {"/", "/a", "/b", "/a%5Cb"}, askedPaths}
)

func (a asker) conditions() *snapshot.Conditions {
	if a.IntN(3) == 0 {
		return nil
	}
	c := &snapshot.Conditions{Methods: pick(a, nil, nil, []string{"GET"}, []string{"GET", "PUT"}, []string{"PUT"})}
	for _, name := range []string{"x", "y", "z"} {
		if a.IntN(4) == 0 {
			c.Headers = append(c.Headers, a.condition(name))
		}
	}
	if a.IntN(5) == 0 {
		c.Cookies = append(c.Cookies, a.condition("k"))
	}
	for _, name := range []string{"p", "q q"} {
		if a.IntN(4) == 0 {
			c.Query = append(c.Query, a.condition(name))
		}
	}
	if len(c.Methods)+len(c.Headers)+len(c.Cookies)+len(c.Query) == 0 {
		return nil
	}
	return c
}

func (a asker) condition(name string) snapshot.Condition {
	if a.IntN(3) == 0 {
		return snapshot.Condition{Name: name, Value: pick(a, "1|2", "[0-9, ]+", ".*", "(?i)A b"), Match: snapshot.ValueRegularExpression}
	}
	return snapshot.Condition{Name: name, Value: pick(a, "1", "2", "1, 2", "a b", "")}
}

func (a asker) snapshot() *snapshot.Snapshot {
	s := &snapshot.Snapshot{Pools: []snapshot.Pool{{ID: "p"}}}
	paths := pick(a, distinctPaths...)
	for _, name := range []string{"", "*.io", "a.io", "b.io"} {
		if a.IntN(5) == 0 {
			continue
		}
		h := snapshot.Host{Name: name, Owner: pick(a, "one", "one", "other")}
		for range a.IntN(16) {
			r := named(string(rune('A'+len(h.Routes)))+name, pick(a, paths...), pick(a, snapshot.MatchPrefix, snapshot.MatchExact), a.conditions())
			if !slices.ContainsFunc(h.Routes, func(o snapshot.Route) bool {
				return o.Path == r.Path && o.Match == r.Match && o.Conditions.Equal(r.Conditions)
			}) {
				h.Routes = append(h.Routes, r)
			}
		}
		sortRoutes(h.Routes)
		s.Hosts = append(s.Hosts, h)
	}
	return s
}

// sortRoutes puts routes into the order that a host has to have.
func sortRoutes(routes []snapshot.Route) {
	slices.SortStableFunc(routes, func(a, b snapshot.Route) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Match, b.Match), a.Conditions.Precedence(b.Conditions))
	})
}

func (a asker) request() *message.Request {
	var parameters, fields []string
	for range a.IntN(4) {
		parameters = append(parameters, pick(a, "p", "%70", "q+q", "q%20q", "other")+pick(a, "", "=1", "=%32", "=1,+2", "=a%20b", "="))
	}
	for range a.IntN(5) {
		fields = append(fields, pick(a, "X", "x", "Y", "z", "!x")+": "+pick(a, "1", "2", "1, 2", "a b", ""))
	}
	for range a.IntN(3) {
		fields = append(fields, "Cookie: "+pick(a, "k", "K", "l")+"="+pick(a, "1", "2", "1, 2", "a b", "")+pick(a, "", "; k=2"))
	}
	query := ""
	if len(parameters) > 0 || a.IntN(2) == 0 {
		query = "?" + strings.Join(parameters, "&")
	}
	return conditiontest.RequestOf(pick(a, "GET", "PUT", "POST"), query, fields...)
}

// expected returns the route that a request should take, or nil. It looks at every route of each host that may have the
// request.
func expected(s *snapshot.Snapshot, req *message.Request, host, path string) *snapshot.Route {
	var owner *string
	for _, name := range []string{host, "*" + host[strings.IndexByte(host, '.'):], ""} {
		i := slices.IndexFunc(s.Hosts, func(h snapshot.Host) bool { return h.Name == name })
		if i < 0 {
			continue
		}
		h := &s.Hosts[i]
		if owner == nil {
			owner = &h.Owner
		}
		if *owner != h.Owner {
			continue
		}
		var best *snapshot.Route
		for j := range h.Routes {
			r := &h.Routes[j]
			if matchesPath(r, path) && matchesRequest(r.Conditions, req) && (best == nil || worth(r, best) > 0) {
				best = r
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

func matchesPath(r *snapshot.Route, path string) bool {
	if r.Match == snapshot.MatchExact {
		return r.Path == path
	}
	return r.Path == "/" || path == r.Path || strings.HasPrefix(path, r.Path+"/")
}

func matchesRequest(c *snapshot.Conditions, req *message.Request) bool {
	if c == nil {
		return true
	}
	header := http.Header{}
	for _, f := range req.Fields {
		if f.Kind != message.Dropped {
			header.Add(string(f.Name), string(f.Value))
		}
	}
	query, err := url.ParseQuery(strings.TrimPrefix(string(req.Query), "?"))
	if err != nil {
		panic(err)
	}
	for _, h := range c.Headers {
		if values := header.Values(h.Name); values == nil || !matchesValue(&h, strings.Join(values, ", ")) {
			return false
		}
	}
	for _, k := range c.Cookies {
		pairs := strings.Split(strings.Join(header.Values("Cookie"), "; "), "; ")
		at := slices.IndexFunc(pairs, func(p string) bool { return strings.HasPrefix(strings.ToLower(p), k.Name+"=") })
		if at < 0 || !matchesValue(&k, pairs[at][len(k.Name)+1:]) {
			return false
		}
	}
	for _, q := range c.Query {
		if values := query[q.Name]; values == nil || !matchesValue(&q, values[0]) {
			return false
		}
	}
	return c.Methods == nil || slices.Contains(c.Methods, string(req.Method))
}

func matchesValue(c *snapshot.Condition, value string) bool {
	if c.Match == snapshot.ValueExact {
		return c.Value == value
	}
	longest := regexp.MustCompile("^(" + c.Value + ")$")
	return longest.FindString(value) == value && longest.MatchString(value)
}

// worth compares two routes of one host that a request matches. It is above zero if a goes before b.
func worth(a, b *snapshot.Route) int {
	count := func(r *snapshot.Route) (methods, headers, cookies, query int) {
		if r.Conditions == nil {
			return 0, 0, 0, 0
		}
		if len(r.Conditions.Methods) > 0 {
			methods = 1
		}
		return methods, len(r.Conditions.Headers), len(r.Conditions.Cookies), len(r.Conditions.Query)
	}
	am, ah, ac, aq := count(a)
	bm, bh, bc, bq := count(b)
	return cmp.Or(cmp.Compare(a.Match, b.Match), cmp.Compare(len(a.Path), len(b.Path)), am-bm, ah-bh, ac-bc, aq-bq)
}

// The router finds the same route as a search of all routes. The search reads queries, fields and expressions with
// other code.
func TestConditionsAgreeWithALookAtAllRoutes(t *testing.T) {
	t.Parallel()
	a := asker{rand.New(rand.NewPCG(23, 5))}
	state, before := newTestState(), Nothing()
	found, conditional, fallen, unclear := 0, 0, 0, 0
	for range 400 {
		s := a.snapshot()
		g := compileForTest(t, s, before, state)
		before = g
		for range 100 {
			req, host, path := a.request(), pick(a, "a.io", "b.io", "c.io", "a.b.io"), pick(a, askedPaths...)
			if a.IntN(2) == 0 {
				path = strings.TrimSuffix(path, "/") + pick(a, "/", "/x", "/b")
			}
			want, got := expected(s, req, host, path), g.Find(req, []byte(host), []byte(path), canonical.AsItIs)
			if (want == nil) != (got == nil) || want != nil && got.Names.Rule != want.Rule {
				t.Fatalf("%s%s of %s: found %+v, want %+v", host, path, conditiontest.Shown(req), got, want)
			}
			if got == nil {
				continue
			}
			found++
			if want.Conditions != nil {
				conditional++
			}
			if regardless := expected(stripped(s), req, host, path); regardless.Rule != want.Rule {
				fallen++
			}
			if !checkReadings(t, s, g, req, host, path, want) {
				unclear++
			}
		}
	}
	t.Logf("%d found a route, %d of them one with conditions, %d another one than without all conditions; of %d the readings were looked at",
		found, conditional, fallen, found-unclear)
	if found < 10_000 || conditional < 2_000 || fallen < 1_000 || found-unclear < 5_000 {
		t.Error("the requests and routes hardly meet")
	}
}

// stripped returns the hosts of a snapshot, without the conditions of their routes.
func stripped(s *snapshot.Snapshot) *snapshot.Snapshot {
	other := &snapshot.Snapshot{}
	for _, h := range s.Hosts {
		h.Routes = slices.Clone(h.Routes)
		for i := range h.Routes {
			h.Routes[i].Conditions = nil
		}
		other.Hosts = append(other.Hosts, h)
	}
	return other
}

// checkReadings compares what Ambiguous says with a search of all routes in each reading. found is the route that takes
// the request. checkReadings returns false if two paths of a host become one in a reading, because nothing says which
// of the two goes first.
func checkReadings(t *testing.T, s *snapshot.Snapshot, g *Generation, req *message.Request, host, path string, found *snapshot.Route) (clear bool) {
	t.Helper()
	rt := g.Find(req, []byte(host), []byte(path), canonical.AsItIs)
	ambiguous, _ := g.Ambiguous(req, nil, []byte(host), []byte(path), rt)
	differs := false
	for as := canonical.Decoded; as < canonical.Readings; as++ {
		read, ok := as.Read(nil, []byte(path))
		reread, clear := rereadBy(s, as)
		if !clear {
			return false
		}
		want := (*snapshot.Route)(nil)
		if ok {
			want = expected(reread, req, host, string(read))
		}
		differs = differs || want == nil || want.Rule != found.Rule
	}
	if ambiguous != differs {
		t.Fatalf("%s%s of %s: ambiguous %t, and a look at all routes says %t", host, path, conditiontest.Shown(req), ambiguous, differs)
	}
	return true
}

// rereadBy returns a snapshot with the paths of the routes in another reading. clear is false if two paths of a host
// became one.
func rereadBy(s *snapshot.Snapshot, as canonical.Reading) (other *snapshot.Snapshot, clear bool) {
	other = &snapshot.Snapshot{}
	for _, h := range s.Hosts {
		from := map[string]string{}
		h.Routes = slices.Clone(h.Routes)
		for i := range h.Routes {
			r := &h.Routes[i]
			read, _ := as.Read(nil, []byte(r.Path))
			if len(read) > 1 {
				read = bytes.TrimSuffix(read, rootPath)
			}
			if was, ok := from[string(read)]; ok && was != r.Path {
				return nil, false
			}
			from[string(read)] = r.Path
			r.Path = string(read)
		}
		other.Hosts = append(other.Hosts, h)
	}
	return other, true
}
