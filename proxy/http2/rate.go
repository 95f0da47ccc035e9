// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"slices"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// pace is how fast a client sends and takes the content of a stream. The connection's lock guards it.
type pace struct {
	// free is set if there is no least rate. resting is set if there is none for what the client sends.
	free, resting   bool
	sending, taking message.Wait
	// received and sent are how many bytes of content came, and how many the windows have let pass.
	received, sent uint64
	// starved is how long the stream has waited for its own window.
	starved time.Duration
}

const (
	// starvingMost is how many streams of a connection may wait for their own windows, whatever the rate, once each has
	// waited for starvingAfter and was given less than the least rate. Each holds what its endpoint has sent.
	starvingMost  = 16
	starvingAfter = 5 * time.Second
)

// LiftRate lifts the least rate at which the client has to send and take content.
func (s *Stream) LiftRate() {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.pace.free = true
}

// LiftSendingRate lifts the least rate at which the client has to send content.
func (s *Stream) LiftSendingRate() {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.pace.resting = true
}

// Watch is [conn.Watch], and ends streams of clients that are slower than the least rate. It returns true if it had the
// connection rest.
func (c *ServerConn) Watch(now time.Duration) (rested bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch(now)
	rested = c.watchRest()
	since := now - c.looked
	c.looked = now
	if c.config.Rate.PerSecond > 0 && c.err == nil {
		c.watchRates(since)
	}
	return rested
}

// watchRates looks at who waits for the client, since the last look. A stream that waits for its own window waits for
// the client; one that waits for what all share may wait for other streams, so that only the connection as a whole can
// be too slow then.
func (c *ServerConn) watchRates(since time.Duration) {
	rate, queued := c.config.Rate, false
	var starving []*stream
	for _, s := range c.streams {
		p := &s.pace
		if p.free || s.tunnel {
			continue
		}
		if s.in.waiting && !p.resting && c.recvWindow > 0 && p.sending.Add(rate, since, p.received) {
			s.in.late = true
			s.in.ready.Broadcast()
		}
		switch {
		case !s.out.waiting:
		case s.out.queued:
			queued = true
		case p.taking.Add(rate, since, p.sent):
			c.stall(s)
		default:
			if p.starved += since; p.starved >= starvingAfter && rate.Below(p.sent, p.starved) {
				starving = append(starving, s)
			}
		}
	}
	if len(starving) > starvingMost {
		slices.SortFunc(starving, func(a, b *stream) int { return int(b.pace.starved - a.pace.starved) })
		for _, s := range starving[starvingMost:] {
			c.stall(s)
		}
	}
	switch {
	case !queued:
		c.taking = message.Wait{}
	case c.taking.Add(rate, since, uint64(c.out.content)):
		c.slow = true
		c.stopReading()
	}
}

// stall ends a stream that waits for the client to take something.
func (c *conn) stall(s *stream) {
	s.out.stalled = true
	c.queue.leave(s)
	s.out.wake()
}
