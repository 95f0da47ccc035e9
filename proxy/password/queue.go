// SPDX-License-Identifier: Apache-2.0

package password

import "slices"

// mostWaiting is how many checks of a namespace wait for their turn. One at the usual cost takes 50 ms.
const mostWaiting = 64

// queue has the checks that wait for their turn, by namespace. Namespaces take turns: one that has many wait has none
// of the others wait longer than by one check at a time. The memory is bounded by how many namespaces there are.
type queue struct {
	lines map[string]*line
	// turns are the lines with somebody in them, in the order in which they are served.
	turns []*line
}

// line is the checks of one namespace.
type line struct {
	namespace string
	waiting   []*check
}

// join has a check wait, unless too many of its namespace do.
func (q *queue) join(c *check) bool {
	l := q.lines[c.namespace]
	if l == nil {
		if q.lines == nil {
			q.lines = make(map[string]*line)
		}
		l = &line{namespace: c.namespace}
		q.lines[c.namespace] = l
		q.turns = append(q.turns, l)
	}
	if len(l.waiting) >= mostWaiting {
		return false
	}
	l.waiting = append(l.waiting, c)
	return true
}

// next returns the check whose turn it is, or nil.
func (q *queue) next() *check {
	if len(q.turns) == 0 {
		return nil
	}
	l := q.turns[0]
	q.turns = q.turns[1:]
	c := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	if len(l.waiting) > 0 {
		q.turns = append(q.turns, l)
	} else {
		delete(q.lines, l.namespace)
	}
	return c
}

// leave has a check wait no longer. It returns false if it did not wait.
func (q *queue) leave(c *check) bool {
	l := q.lines[c.namespace]
	if l == nil {
		return false
	}
	i := slices.Index(l.waiting, c)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	if len(l.waiting) == 0 {
		delete(q.lines, l.namespace)
		q.turns = slices.DeleteFunc(q.turns, func(other *line) bool { return other == l })
	}
	return true
}
