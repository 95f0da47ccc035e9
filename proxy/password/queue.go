// SPDX-License-Identifier: Apache-2.0

package password

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/turns"
)

// mostWaiting is how many checks of a namespace wait for their turn. One at the usual cost takes 50 ms.
const mostWaiting = 64

// queue has the checks that wait for their turn, by namespace. Namespaces take turns, and so do clients within one: one
// that has many wait has none of the others wait longer than by one check at a time. The memory is bounded by how many
// namespaces there are.
type queue struct {
	lines map[string]*line
	// turns are the lines with somebody in them, in the order in which they are served.
	turns []*line
}

// line is the checks of one namespace.
type line struct {
	namespace string
	turns.Line[*check]
}

// join has a check wait, unless too many of its namespace do. It returns the check that gives way to it, or nil.
func (q *queue) join(c *check) (joined bool, out *check) {
	l := q.lines[c.namespace]
	if l == nil {
		if q.lines == nil {
			q.lines = make(map[string]*line)
		}
		l = &line{c.namespace, turns.Line[*check]{Room: mostWaiting}}
		q.lines[c.namespace] = l
		q.turns = append(q.turns, l)
	}
	joined, out, _ = l.Join(c.client, c)
	return joined, out
}

// next returns the check whose turn it is, or nil.
func (q *queue) next() *check {
	if len(q.turns) == 0 {
		return nil
	}
	l := q.turns[0]
	q.turns = q.turns[1:]
	c, _ := l.Next()
	if l.Len() > 0 {
		q.turns = append(q.turns, l)
	} else {
		delete(q.lines, l.namespace)
	}
	return c
}

// leave has a check wait no longer. It returns false if it did not wait.
func (q *queue) leave(c *check) bool {
	l := q.lines[c.namespace]
	if l == nil || !l.Leave(c.client, c) {
		return false
	}
	if l.Len() == 0 {
		delete(q.lines, l.namespace)
		q.turns = slices.DeleteFunc(q.turns, func(other *line) bool { return other == l })
	}
	return true
}
