// SPDX-License-Identifier: Apache-2.0

package translate

// winners are the candidates that have one place, each for those requests that meet its conditions.
type winners struct {
	last *candidate
	// conditional are those with conditions, by their texts. Nil if there is none.
	conditional map[string]*candidate
}

// of returns the winner that a candidate loses to: it has the same place and the same conditions. Nil if there is none.
func (w *winners) of(c *candidate) *candidate {
	switch {
	case w.last == nil || !samePlace(w.last, c):
		return nil
	case c.conditions != nil:
		return w.conditional[c.conditions.String()]
	case w.last.conditions == nil:
		return w.last
	}
	return nil
}

// add has a candidate win. Candidates of one place have to follow one another.
func (w *winners) add(c *candidate) {
	if w.last != nil && !samePlace(w.last, c) {
		w.conditional = nil
	}
	w.last = c
	if c.conditions == nil {
		return
	}
	if w.conditional == nil {
		w.conditional = make(map[string]*candidate)
	}
	w.conditional[c.conditions.String()] = c
}
