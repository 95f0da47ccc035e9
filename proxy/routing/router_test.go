// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// serverStep is something that a server does with a path before it acts on it. do returns false if the server refuses
// the path.
type serverStep struct {
	name string
	do   func(string) (string, bool)
}

// serverSteps returns the steps of servers. A server does some of them in any order, each at most once.
func serverSteps() []serverStep {
	parameter := regexp.MustCompile(`;[^/]*`)
	return []serverStep{
		{"decode", func(p string) (string, bool) { d, err := url.PathUnescape(p); return d, err == nil }},
		{"cut", func(p string) (string, bool) { return parameter.ReplaceAllString(p, ""), true }},
		{"slash", func(p string) (string, bool) { return strings.ReplaceAll(p, `\`, "/"), true }},
		{"resolve", func(p string) (string, bool) { return plainlyServed(p, false) }},
		{"merge", func(p string) (string, bool) { return plainlyServed(p, true) }},
	}
}

// plainlyServed resolves dot segments. With merge it also leaves out empty segments. It returns false if the path
// climbs above the root.
func plainlyServed(path string, merge bool) (string, bool) {
	var kept []string
	segments := strings.Split(path, "/")[1:]
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == ".." && len(kept) == 0:
			return "", false
		case s == "..":
			kept = kept[:len(kept)-1]
		case s == "." || s == "" && merge:
		default:
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/"), true
}

// orders returns every order of every choice of the steps.
func orders(steps []serverStep) [][]serverStep {
	all := [][]serverStep{}
	for i, s := range steps {
		all = append(all, []serverStep{s})
		for _, further := range orders(slices.Delete(slices.Clone(steps), i, i+1)) {
			all = append(all, append([]serverStep{s}, further...))
		}
	}
	return all
}

func tableOf(t *testing.T, rules map[string]snapshot.PathMatch) *Router {
	t.Helper()
	table := newHostTable(&snapshot.Host{Name: "a"}, 0)
	for path, match := range rules {
		if err := table.add(path, match, nil, &Route{}); err != nil {
			t.Fatal(err)
		}
	}
	table.finish()
	edit := new(Router).edit()
	edit.put("a", table)
	r := edit.done()
	return &r
}

// No server takes a path that passes for a path of another rule. A server may decode the path, cut off parameters, take
// backslashes for slashes, resolve dot segments and merge slashes. It may do any of these, in any order.
func TestNoServerReadsAnotherRuleInAPathThatPasses(t *testing.T) {
	t.Parallel()
	tokens := []string{"/", "%2F", "%5C", ";", "%3B", "..", "admin", "x"}
	const longest = 4
	servers := orders(serverSteps())
	host := []byte("a")
	for _, rules := range []map[string]snapshot.PathMatch{
		{"/": snapshot.MatchPrefix, "/admin": snapshot.MatchPrefix},
		{"/": snapshot.MatchPrefix, "/admin": snapshot.MatchExact},
		{"/x": snapshot.MatchPrefix},
		{"/": snapshot.MatchPrefix, "/admin/x": snapshot.MatchPrefix, "/x": snapshot.MatchPrefix},
	} {
		r := tableOf(t, rules)
		passed := 0
		var try func(path string, left int)
		try = func(path string, left int) {
			if form, err := canonical.Path(nil, []byte(path)); err == nil && string(form) == path {
				found := r.Find(bare, host, form, canonical.AsItIs)
				ambiguous, _ := r.Ambiguous(bare, nil, host, form, found)
				if found != nil && !ambiguous {
					passed++
					checkServers(t, r, path, found, servers)
				}
			}
			for _, token := range tokens {
				if left > 0 {
					try(path+token, left-1)
				}
			}
		}
		try("/", longest)
		if passed < 50 {
			t.Errorf("%v: only %d paths passed", slices.Sorted(maps.Keys(rules)), passed)
		}
	}
}

func checkServers(t *testing.T, r *Router, path string, found *Route, servers [][]serverStep) {
	t.Helper()
	for _, server := range servers {
		read, ok, name := path, true, ""
		for _, step := range server {
			if read, ok = step.do(read); !ok {
				break
			}
			name += " " + step.name
		}
		if ok && r.Find(bare, []byte("a"), []byte(read), canonical.AsItIs) != found {
			t.Errorf("%s passes, and is %s to a server that does%s", path, read, name)
		}
	}
}

// A rule with an escape does not take the place of the rule for the plain path, although both have the same path in
// some reading.
func TestRuleWithAnEscapeLeavesThePlainOneAlone(t *testing.T) {
	t.Parallel()
	r := tableOf(t, map[string]snapshot.PathMatch{"/": snapshot.MatchPrefix, "/a/b": snapshot.MatchPrefix, "/a%2Fb": snapshot.MatchPrefix, "/c": snapshot.MatchPrefix, "/c;d": snapshot.MatchPrefix})
	for path, want := range map[string]bool{
		"/a/b/x%20y": false, "/a/b/x;y": false, "/c/x;y": false, "/x%20y": false,
		"/a%2Fb": true, "/a%2Fb/x": true, "/c;d": true, "/c;d/x": true,
	} {
		found := r.Find(bare, []byte("a"), []byte(path), canonical.AsItIs)
		if got, _ := r.Ambiguous(bare, nil, []byte("a"), []byte(path), found); got != want {
			t.Errorf("%s: ambiguous %v, want %v", path, got, want)
		}
	}
}

func TestReadingsOfAPathAllocateNothing(t *testing.T) {
	r := tableOf(t, map[string]snapshot.PathMatch{"/": snapshot.MatchPrefix, "/projects": snapshot.MatchPrefix})
	host, path, buf := []byte("a"), []byte("/projects/group%2Fname;v=1/caf%C3%A9"), make([]byte, 0, 128)
	found := r.Find(bare, host, path, canonical.AsItIs)
	if n := testing.AllocsPerRun(100, func() {
		if ambiguous, _ := r.Ambiguous(bare, buf, host, path, found); ambiguous {
			t.Error("ambiguous")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
