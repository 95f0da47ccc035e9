// SPDX-License-Identifier: Apache-2.0

package http2

// departure is how far a connection has come on its way out (RFC 9113, section 6.8).
type departure uint8

const (
	staying departure = iota
	// announced: the next stream is to be the last but those that the client has begun before it knows.
	announced
	// told: the client knows that, and what it sends is served.
	told
	// departed: the client knows which stream was the last. A client's connection opens no more.
	departed
	// left: the server said so, and takes no stream that it did not know of.
	left
)

// Announce asks the client to make its next requests on another connection. Those that come all the same are served. A
// client that has not made one yet is asked at its first.
func (c *ServerConn) Announce() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.departure != staying || c.err != nil {
		return
	}
	c.departure = announced
	if c.accepted > 0 {
		c.announce()
		c.flushSoon()
	}
}

func (c *ServerConn) announce() {
	c.departure = told
	c.appendGoAway(highestStream, codeNone, "")
}

// processGoAway has nothing to do: the client will open no more streams, and close the connection when it wants to.
func (c *ServerConn) processGoAway(f frame) error {
	if err := f.checkGoAway(); err != nil {
		return err
	}
	return c.spend(1)
}

// Drain ends the connection as soon as no stream is open. The client can be sure that what it asked for later was not
// done.
func (c *ServerConn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.departure == departed || c.err != nil {
		return
	}
	c.departure = departed
	c.appendGoAway(c.accepted, codeNone, "")
	c.flushSoon()
	if c.running == 0 {
		c.transport.StopReading()
	}
}
