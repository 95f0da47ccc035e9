// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
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
}

// Watch implements Conn. It notices a client that went away while its request waits, or after its last request. In the
// second case the end may have come together with bytes that were read, and nobody waits for it any more. One look per
// rest is enough to find it.
func (c *http1Conn) Watch(now time.Duration) (rested bool) {
	number, since, waiting := c.guard.WaitingSince()
	w := &c.watched
	switch {
	case waiting:
		if now-since >= goneAfter && c.transport.Gone() {
			c.guard.End(number, reason.ClientClosed)
		}
		return false
	case number != w.number:
		*w = watched{number: number}
		return false
	case w.looks > restAfter || c.activity.Load() != activityIdle:
		return false
	}
	w.looks++
	switch w.looks {
	case 1:
		if c.transport.Gone() {
			c.CloseIdle()
		}
	case restAfter:
		return c.Rest()
	}
	return false
}
