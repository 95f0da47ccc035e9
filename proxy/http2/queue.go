// SPDX-License-Identifier: Apache-2.0

package http2

import "slices"

// queue is the streams that wait for what all share: room in the buffer, and the connection's window. More urgent
// streams come first. Of equally urgent ones, those whose parts are of no use go one after another, in the order of
// their requests. The others take turns (RFC 9218, section 10).
type queue struct{ waiting []*stream }

func (q *queue) join(s *stream) {
	i := len(q.waiting)
	for i > 0 && s.before(q.waiting[i-1]) {
		i--
	}
	q.waiting = slices.Insert(q.waiting, i, s)
	s.out.queued = true
}

// before returns whether s goes before a stream that is in the queue already.
func (s *stream) before(o *stream) bool {
	if s.priority.urgency != o.priority.urgency {
		return s.priority.urgency < o.priority.urgency
	}
	return !s.priority.incremental && !o.priority.incremental && s.id < o.id
}

func (q *queue) leave(s *stream) {
	if !s.out.queued {
		return
	}
	s.out.queued = false
	if i := slices.Index(q.waiting, s); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
}

// moved puts a stream whose priority has changed into its new place.
func (q *queue) moved(s *stream) {
	if s.out.queued {
		q.leave(s)
		q.join(s)
	}
}

func (q *queue) wakeAll() {
	for len(q.waiting) > 0 {
		q.wake(q.waiting[0])
	}
}

func (q *queue) wake(s *stream) {
	q.leave(s)
	s.out.wake()
}

// wakeNext wakes the first stream that can go on. That stream then wakes the next.
func (c *conn) wakeNext() {
	if c.out.room() == 0 {
		return
	}
	for _, s := range c.queue.waiting {
		if c.sendWindow > 0 || !s.out.wantsWindow {
			c.queue.wake(s)
			return
		}
	}
}

// Waiting returns how many streams wait for room or for the connection's window.
func (c *conn) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue.waiting)
}
