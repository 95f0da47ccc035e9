// SPDX-License-Identifier: Apache-2.0

package downstream

// rest lets an idle connection rest. It returns false if the connection cannot rest now. Otherwise it is another
// goroutine's from then on.
func (c *http1Conn) rest() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Buffered() || !c.park(c) {
		return false
	}
	c.heads.Leave()
	c.used, c.ServerConn, c.heads = c.Used(), nil, nil
	return true
}

// Wake implements [park.Waiter].
func (c *http1Conn) Wake() { go c.wake() }

// wake goes on with a connection that rested, to its end or to its next rest. Its idle time goes on as well.
func (c *http1Conn) wake() {
	c.mu.Lock()
	ours, err := c.unpark()
	if ours && err == nil {
		c.speak()
		c.Resume(c.used)
	}
	c.mu.Unlock()
	switch {
	case !ours:
	case err != nil:
		c.server.parking.refused(err)
		c.activity.Store(activityClosed)
		c.over()
	default:
		c.resume()
	}
}
