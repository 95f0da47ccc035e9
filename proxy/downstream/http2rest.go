// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/transport"
)

// over is what carries the connection now.
func (c *http2Conn) over() *transport.Parked {
	return transport.NewParked(c.carrier, c.transport, &c.server.engine.Buffers)
}

// settle goes on until a connection rests or has ended. why is why it was left.
func (c *http2Conn) settle(why error) (rests bool, end error) {
	for why == http2.ErrResting { //nolint:errorlint // nobody wraps it
		if c.rest() {
			return true, nil
		}
		why = c.Continue(c.over(), false)
	}
	return false, why
}

// rest lets the connection rest. It returns false if the connection cannot rest now. Otherwise it is another
// goroutine's from then on.
func (c *http2Conn) rest() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.wanted {
		c.wanted = false
		return false
	}
	return c.park(c)
}

// Wake implements [park.Waiter] and [http2.Rester].
func (c *http2Conn) Wake() { go c.wake() }

// wake goes on with a connection that rested. If it does not rest yet, it will not.
func (c *http2Conn) wake() {
	c.link.mu.Lock()
	ours, err := c.unpark()
	c.wanted = !ours
	c.link.mu.Unlock()
	switch {
	case !ours:
	case err != nil:
		c.server.parking.refused(err)
		c.abandon()
	default:
		c.serve(func() error { return c.Continue(c.over(), true) })
	}
}

// abandon ends the work with a connection whose socket was closed while it rested.
func (c *http2Conn) abandon() {
	c.Abandon()
	c.link.leave()
}
