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
	// restAfter is how many calls of Watch a connection has to be idle for before a new goroutine takes it over. A
	// goroutine keeps the stack that serving a request took, which is four times what waiting takes. Growing it again
	// costs some microseconds, which is nothing after a second.
	restAfter = 4
)

// watched is what the watch remembers of a connection.
type watched struct {
	// number is that of the last exchange that it saw. looks is how often it has seen no later one.
	number uint64
	looks  int
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
			c.watchClient(&exchange, now)
		}
		return false
	case w.looks > restAfter || c.activity.Load() != activityIdle:
		return false
	}
	w.looks++
	switch w.looks {
	case 1:
		if p := c.transport.Peer(); p.Gone || p.Ended {
			c.CloseIdle()
		}
	case restAfter:
		return c.Rest()
	}
	return false
}

// watchClient looks at the client of an exchange that waits.
func (c *http1Conn) watchClient(x *guard.Waiting, now time.Duration) {
	w, p := &c.watched, c.transport.Peer()
	since, rate := now-w.looked, c.server.rate
	w.looked = now
	switch {
	case w.lost(p, now, c.server.config.ReadTimeout):
		c.guard.End(x.Number, reason.ClientClosed)
	case x.Free || rate.PerSecond == 0 || p.Received == 0:
	case x.Uploading && c.transport.Unread() == 0 && w.sending.Add(rate, since, p.Received):
		c.guard.End(x.Number, reason.RequestTimeout)
	case p.Backlog && w.taking.Add(rate, since, p.Acknowledged):
		c.guard.End(x.Number, reason.ClientClosed)
		c.transport.Reset() // This ends a write that waits.
	}
}

// lost returns whether nobody waits for the response any more. A client that ended its side may wait for it, or may
// have closed the connection: that shows when something is sent. If nothing is, it is given up after patience, unless
// that is 0.
func (w *watched) lost(p transport.Peer, now, patience time.Duration) bool {
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
