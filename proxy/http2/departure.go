// SPDX-License-Identifier: Apache-2.0

package http2

import "time"

// departure is how far a connection has come on its way to its end (RFC 9113, section 6.8).
type departure uint8

const (
	staying departure = iota
	// announced: the client is told at its next stream. That one, and those that it begins before it knows, are served.
	announced
	// told: the client was told to make no more streams. Those that it makes all the same are served.
	told
	// departed: the client knows which stream was the last. On a client's connection: it opens no more streams.
	departed
	// left: the server has said so, and takes no stream that it did not know of.
	left
)

// Announce asks the client to make its next requests on another connection. Requests that come all the same are served.
// A client that has made no request yet is asked at its first.
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

// Drain ends the connection as soon as no stream is open. The client can rely on it that requests after that were not
// processed.
func (c *ServerConn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drain()
}

// QuietSince returns when the last stream ended, or when the connection began. quiet is false if one is open. A stream
// that only drops the rest of a request's content has ended: nobody waits for anything more of it.
func (c *ServerConn) QuietSince() (since time.Duration, quiet bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quietSince, c.running == c.dropping && c.departure < departed && c.err == nil
}

// DrainQuiet is Drain for a connection that has had no stream since then. It returns false if it has had one, or ends
// already.
func (c *ServerConn) DrainQuiet(since time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running > c.dropping || c.quietSince != since || c.departure == departed || c.err != nil {
		return false
	}
	c.drain()
	return true
}

func (c *ServerConn) drain() {
	if c.departure == departed || c.err != nil {
		return
	}
	c.departure = departed
	c.appendGoAway(c.accepted, codeNone, "")
	c.flushSoon()
	for _, s := range c.streams {
		s.in.ready.Broadcast() // A stream that only drops content ends now.
	}
	if c.running == 0 {
		c.stopReading()
	}
}
