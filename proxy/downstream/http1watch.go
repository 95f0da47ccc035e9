// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"time"

	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
)

const (
	// goneAfter is how long a request has to wait before looking for its client is worth a system call.
	goneAfter = 250 * time.Millisecond
	// restAfter is how many calls of Watch a connection has to be idle for before it rests. Resting and going on cost some
	// tens of microseconds, which is little after a second.
	restAfter = 4
	// restSoonAfter is that for a connection that has had one request, or none. Many have no other for long, and together
	// they have as many goroutines as came within that time.
	restSoonAfter = 1
)

// watched is what the watch remembers of a connection.
type watched struct {
	// number is that of the last exchange that it saw. looks is how often it has seen no later one.
	number uint64
	looks  uint8
	// waiter is for a client that was found waiting, or nil.
	waiter *waiter
}

// waiter is what the watch remembers of a client that waits.
type waiter struct {
	// waitsSince is when the client of the exchange was last found to have taken something, after it had ended its side,
	// 0 if it has not ended it. acknowledged is how much it had taken then.
	waitsSince   time.Duration
	acknowledged uint64
	// looked is when the last look at the waiting client was. sending and taking are how long it was waited for.
	looked          time.Duration
	sending, taking message.Wait
}

// Watch implements Conn. It notices a client that went away while its request waits, or after its last request. In the
// second case the end may have come together with bytes that were read, and nobody waits for it any more. One look per
// rest is enough to find it.
func (c *http1Conn) Watch(now time.Duration) (rested bool) {
	if resting, over := c.rests(now); resting {
		if over {
			c.Wake()
		}
		return false
	}
	exchange, waiting := c.guard.Waiting()
	w := &c.watched
	if exchange.Number != w.number {
		*w = watched{number: exchange.Number}
		if !waiting {
			return false
		}
	}
	switch {
	case waiting:
		if now-exchange.Since >= goneAfter {
			if t := c.carriedBy(); t != nil {
				c.watchClient(t, &exchange, now)
			}
		}
		return false
	case w.looks > restAfter || c.activity.Load() != activityIdle:
		return false
	}
	w.waiter = nil
	w.looks++
	if w.looks == 1 {
		if t := c.carriedBy(); t != nil {
			if p := t.Peer(); p.Gone || p.Ended {
				c.CloseIdle()
				return false
			}
		}
	}
	after := uint8(restAfter)
	if w.number <= 1 {
		after = restSoonAfter
	}
	return w.looks == after && c.Rest()
}

// watchClient looks at the client of an exchange that waits.
func (c *http1Conn) watchClient(t *transport.TCP, x *guard.Waiting, now time.Duration) {
	w, p := c.watched.waiter, t.Peer()
	if w == nil {
		w = new(waiter)
		c.watched.waiter = w
	}
	since, rate := now-w.looked, c.server.rate
	w.looked = now
	switch {
	case w.lost(p, now, c.server.config.ReadTimeout):
		c.guard.End(x.Number, reason.ClientClosed)
	case x.Free || rate.PerSecond == 0 || p.Received == 0:
	case x.Uploading && t.Unread() == 0 && w.sending.Add(rate, since, p.Received):
		c.guard.End(x.Number, reason.RequestTimeout)
	case p.Backlog && w.taking.Add(rate, since, p.Acknowledged):
		c.guard.End(x.Number, reason.ClientClosed)
		t.Reset() // This ends a write that waits.
	}
}

// lost returns whether nobody waits for the response any more. A client that ended its side may wait for it, or may
// have closed the connection: that shows when something is sent. If nothing is, it is given up after patience, unless
// that is 0.
func (w *waiter) lost(p transport.Peer, now, patience time.Duration) bool {
	switch {
	case p.Gone:
		return true
	case !p.Ended:
		return false
	case w.waitsSince == 0 || p.Acknowledged != w.acknowledged:
		w.waitsSince, w.acknowledged = now, p.Acknowledged
	}
	return patience > 0 && now-w.waitsSince >= patience
}
