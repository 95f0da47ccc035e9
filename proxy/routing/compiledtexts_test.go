// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/warren-dev/ingress/proxy/policy"
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
	before := maps.Collect(state.texts.All())
	if got := textsOf(state); !slices.Equal(got, texts) {
		t.Fatalf("the texts %q are compiled, want %q", got, texts)
	}
	programs := programsOf(first)
	if len(programs) != len(texts) {
		t.Errorf("10 hosts have %d programs of %d texts", len(programs), len(texts))
	}

	second := compileForTest(t, askingFor(20, "/a{99}", "c{99}", "d{99}"), first, state)
	for key, compiled := range before {
		if now, _ := state.texts.Get(key); now != compiled {
			t.Errorf("%s was compiled once more", key.text)
		}
	}
	state.KeepOnly(second)
	if got, want := textsOf(state), []string{"/a{99}", "c{99}", "d{99}"}; !slices.Equal(got, want) {
		t.Errorf("the texts %q are kept, want %q", got, want)
	}
	if got := programsOf(second); len(got) != 3 || !got[before[textKey{text: "c{99}"}].whole] || got[before[textKey{text: "b{99}"}].whole] {
		t.Errorf("20 hosts have %d programs, want 3 with the one that was there", len(got))
	}

	// Hosts that are taken from the generation before keep their texts too.
	third := askingFor(20, "/a{99}", "c{99}", "d{99}")
	third.Hosts[7].Routes = third.Hosts[7].Routes[:1]
	state.KeepOnly(compileForTest(t, third, second, state))
	if state.texts.Len() != 3 {
		t.Errorf("%d texts are kept, want 3", state.texts.Len())
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
	if state.texts.Len() > 0 {
		t.Errorf("%d texts are kept", state.texts.Len())
	}
}

// A substitution finds parts of a path. So it shares nothing with what matches whole paths, and with its like all.
func TestSubstitutionsShareWhatTheirTextsCompileTo(t *testing.T) {
	t.Parallel()
	s := &snapshot.Snapshot{Pools: []snapshot.Pool{{ID: "p"}}}
	for i := range 10 {
		prefix, expression := named("prefix", "/p", snapshot.MatchPrefix, nil), named("expression", "/a{9}", snapshot.MatchExpression, nil)
		prefix.Policies = []policy.Policy{&policy.Rewrite{Path: policy.PathChange{Expression: "/a{9}", Substitution: "/"}}}
		expression.Pool = ""
		expression.Policies = []policy.Policy{&policy.Redirect{Status: 302, Path: policy.PathChange{Expression: "/a{9}", Substitution: "/x"}}}
		h := snapshot.Host{Name: fmt.Sprintf("%03d.io", i), Routes: []snapshot.Route{prefix, expression}}
		sortRoutes(h.Routes)
		s.Hosts = append(s.Hosts, h)
	}
	state := newTestState()
	first := compileForTest(t, s, Nothing(), state)
	state.KeepOnly(first)
	whole, _ := state.texts.Get(textKey{text: "/a{9}"})
	part, _ := state.texts.Get(textKey{text: "/a{9}", part: true})
	if state.texts.Len() != 2 || whole == nil || part == nil || whole.part != nil || part.whole != nil {
		t.Errorf("one text, which matches both whole paths and parts of them, is compiled to %d programs", state.texts.Len())
	}
	state.KeepOnly(compileForTest(t, &snapshot.Snapshot{}, first, state))
	if state.texts.Len() > 0 {
		t.Errorf("%d texts are kept for no host", state.texts.Len())
	}
}

// textsOf returns the texts that are compiled, sorted.
func textsOf(s *State) (texts []string) {
	for key := range s.texts.All() {
		texts = append(texts, key.text)
	}
	slices.Sort(texts)
	return texts
}

// programsOf returns the programs that the routes of a generation match values and paths with.
func programsOf(g *Generation) map[*regexp.Regexp]bool {
	all := make(map[*regexp.Regexp]bool)
	g.each(func(t *hostTable) {
		for i := range t.expressions {
			all[t.expressions[i].matches] = true
		}
		for _, r := range t.root.list() {
			for _, expression := range r.conditions.Expressions() {
				all[expression] = true
			}
		}
	})
	return all
}
