// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// askingFor is a snapshot of hosts that have the same routes: each asks for a header field and a parameter that match
// one of the texts. The first text is a path, too.
func askingFor(hosts int, texts ...string) *snapshot.Snapshot {
	s := &snapshot.Snapshot{Pools: []snapshot.Pool{{ID: "p"}}}
	for i := range hosts {
		h := snapshot.Host{Name: fmt.Sprintf("%03d.io", i), Routes: []snapshot.Route{named("path", texts[0], snapshot.MatchExpression, nil)}}
		for _, text := range texts {
			h.Routes = append(h.Routes, named(text, "/", snapshot.MatchPrefix, &snapshot.Conditions{
				Headers: []snapshot.Condition{{Name: "a", Value: text, Match: snapshot.ValueRegularExpression}},
				Query:   []snapshot.Condition{{Name: "a", Value: text, Match: snapshot.ValueRegularExpression}},
			}))
		}
		sortRoutes(h.Routes)
		s.Hosts = append(s.Hosts, h)
	}
	return s
}

func TestATextIsCompiledOnce(t *testing.T) {
	t.Parallel()
	texts := []string{"/a{99}", "b{99}", "c{99}"}
	state := newTestState()
	first := compileForTest(t, askingFor(10, texts...), Nothing(), state)
	state.KeepOnly(first)
	before := maps.Clone(state.texts)
	if got := slices.Sorted(maps.Keys(before)); !slices.Equal(got, texts) {
		t.Fatalf("the texts %q are compiled, want %q", got, texts)
	}
	programs := programsOf(first)
	if len(programs) != len(texts) {
		t.Errorf("10 hosts have %d programs of %d texts", len(programs), len(texts))
	}

	second := compileForTest(t, askingFor(20, "/a{99}", "c{99}", "d{99}"), first, state)
	for text, compiled := range before {
		if state.texts[text] != compiled {
			t.Errorf("%s was compiled once more", text)
		}
	}
	state.KeepOnly(second)
	if got, want := slices.Sorted(maps.Keys(state.texts)), []string{"/a{99}", "c{99}", "d{99}"}; !slices.Equal(got, want) {
		t.Errorf("the texts %q are kept, want %q", got, want)
	}
	if got := programsOf(second); len(got) != 3 || !got[before["c{99}"].whole] || got[before["b{99}"].whole] {
		t.Errorf("20 hosts have %d programs, want 3 with the one that was there", len(got))
	}

	// Hosts that are taken from the generation before keep their texts too.
	third := askingFor(20, "/a{99}", "c{99}", "d{99}")
	third.Hosts[7].Routes = third.Hosts[7].Routes[:1]
	state.KeepOnly(compileForTest(t, third, second, state))
	if len(state.texts) != 3 {
		t.Errorf("%d texts are kept, want 3", len(state.texts))
	}
}

// A text that does not compile is refused each time, and nothing of it is kept.
func TestATextThatDoesNotCompileIsNotKept(t *testing.T) {
	t.Parallel()
	state := newTestState()
	for range 2 {
		if _, err := Compile(askingFor(1, "/a", "("), Nothing(), state); err == nil {
			t.Error("( is an expression")
		}
	}
	state.KeepOnly(Nothing())
	if len(state.texts) > 0 {
		t.Errorf("%d texts are kept", len(state.texts))
	}
}

// programsOf returns the programs that the routes of a generation match values and paths with.
func programsOf(g *Generation) map[*regexp.Regexp]bool {
	all := make(map[*regexp.Regexp]bool)
	g.each(func(t *hostTable) {
		for i := range t.expressions {
			all[t.expressions[i].matches] = true
		}
		for _, r := range t.root.list() {
			for _, c := range slices.Concat(r.conditions.headers, r.conditions.query) {
				all[c.expression] = true
			}
		}
	})
	return all
}
