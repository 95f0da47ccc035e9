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

// openExpressions has the routes of a host whose paths are open expressions. There may be ten thousand. So they are
// found by the texts that they begin with, and few of them have to ask a regular expression.
type openExpressions struct {
	// byText has the expressions by their texts, each list in the order of their turns.
	byText map[string][]openExpression
	// lengths has the lengths of the texts, each once, the longest first.
	lengths []int
	// matching is how many expressions ask a regular expression.
	matching int
}

type openExpression struct {
	// text is what the author wrote.
	text string
	turn int
	then snapshot.Continuation
	// matches is for ThenMatch alone, and so is beginning.
	matches   *regexp.Regexp
	beginning plain.Beginning
	place
}

// find returns the route of a request, or nil. Of the expressions that match, the one whose turn is first takes the
// request.
func (o *openExpressions) find(req *message.Request, path []byte, spent *plain.Effort) (found *Route) {
	var folded [snapshot.MaxClosedText]byte
	n := copy(folded[:], path)
	for i, c := range folded[:n] {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	turn := -1
	for _, length := range o.lengths {
		if length > n {
			continue
		}
		list := o.byText[string(folded[:length])]
		for i := range list {
			x := &list[i]
			if turn >= 0 && x.turn > turn {
				break
			}
			if x.then == snapshot.ThenMatch && x.beginning.Allows(path) && !spent.Add(x.beginning.Size, path) {
				return Overtaxed
			}
			if x.takes(path, length) {
				if r := x.place.find(req, spent); r != nil {
					found, turn = r, x.turn
					break
				}
			}
		}
	}
	return found
}

// takes says whether a path matches. It begins with the expression's text, which has that length.
func (x *openExpression) takes(path []byte, length int) bool {
	switch x.then {
	case snapshot.ThenAnything:
		return true
	case snapshot.ThenSegment:
		return len(path) == length || path[length] == '/'
	case snapshot.ThenEnd:
		return len(path) == length
	}
	return x.beginning.Allows(path) && x.matches.Match(path)
}

// route returns the route that was added with an expression and conditions, or nil.
func (o *openExpressions) route(text string, of *snapshot.Conditions) *Route {
	read, err := snapshot.ReadOpenExpression(text)
	if o == nil || err != nil {
		return nil
	}
	for i := range o.byText[read.Text] {
		if x := &o.byText[read.Text][i]; x.text == text {
			return x.place.route(of)
		}
	}
	return nil
}

// with returns the expressions and the route of one more, which part compiles if it has to be compiled. Routes of one
// expression have to follow one another, in the order of preference. They are in their turn after
// [openExpressions.sort].
func (o *openExpressions) with(text string, turn int, c *condition.Conditions, rt *Route, part func(text string) (*regexp.Regexp, error)) (*openExpressions, error) {
	read, err := snapshot.ReadOpenExpression(text)
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	if o == nil {
		o = &openExpressions{byText: make(map[string][]openExpression)}
	}
	list := o.byText[read.Text]
	if last := len(list) - 1; last >= 0 && list[last].text == text {
		if list[last].full() {
			return nil, fmt.Errorf("expression %q occurs twice", text)
		}
		list[last].place = list[last].place.with(c, rt)
		return o, nil
	}
	x := openExpression{text: text, turn: turn, then: read.Then, place: place{}.with(c, rt)}
	if x.then == snapshot.ThenMatch {
		if o.matching++; o.matching > snapshot.MaxOpenExpressions {
			return nil, fmt.Errorf("more than %d expressions are no mere texts", snapshot.MaxOpenExpressions)
		}
		pattern := snapshot.OpenExpressionPattern(text)
		if x.matches, err = part(pattern); err != nil {
			return nil, fmt.Errorf("expression %q: %w", text, err)
		}
		if x.beginning = plain.BeginningOf("(?:" + pattern + ")(?s:.*)"); read.Text == "" { // It may match elsewhere in a path.
			x.beginning = x.beginning.Anywhere()
		}
	}
	if len(list) == 0 {
		o.lengths = append(o.lengths, len(read.Text))
	}
	o.byText[read.Text] = append(list, x)
	return o, nil
}

func (o *openExpressions) sort() {
	if o == nil {
		return
	}
	o.lengths = longestFirst(o.lengths)
	for _, list := range o.byText {
		slices.SortFunc(list, func(a, b openExpression) int { return cmp.Compare(a.turn, b.turn) })
	}
}
