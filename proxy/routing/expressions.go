// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/warren-dev/ingress/proxy/condition"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// expressions has the routes of a host whose paths are regular expressions, in their turn. RE2 takes time that grows
// with the length of the path times that of the expression, never more. Nearly all expressions have beginnings of their
// own, which are compared first.
type expressions []expression

type expression struct {
	// text is what the author wrote.
	text      string
	beginning plain.Beginning
	matches   *regexp.Regexp
	turn      int
	conditional
}

// find returns the route of a request, or nil.
func (e expressions) find(req *message.Request, path []byte, spent *plain.Effort) *Route {
	for i := range e {
		x := &e[i]
		if !x.beginning.Allows(path) {
			continue
		}
		takes := x.conditions.Hold(req, spent) && spent.Add(x.beginning.Size, path) && x.matches.Match(path)
		switch {
		case spent.Over():
			return Overtaxed
		case takes:
			return x.route
		}
	}
	return nil
}

// route returns the route that was added with an expression and conditions, or nil.
func (e expressions) route(text string, of *snapshot.Conditions) *Route {
	for i := range e {
		if e[i].text == text && e[i].asks(of) {
			return e[i].route
		}
	}
	return nil
}

// with returns the expressions and one more, which compile compiles. They are in their turn after [expressions.sort].
func (e expressions) with(text string, turn int, c *condition.Conditions, rt *Route, compile textCompiler) (expressions, error) {
	if e.route(text, c.Source()) != nil {
		return nil, fmt.Errorf("expression %q occurs twice", text)
	}
	compiled, err := compile(text)
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	return append(e, expression{
		text: text, beginning: compiled.beginning, matches: compiled.whole, turn: turn, conditional: conditional{c, rt},
	}), nil
}

func (e expressions) sort() {
	slices.SortFunc(e, func(a, b expression) int { return cmp.Compare(a.turn, b.turn) })
}
