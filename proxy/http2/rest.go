// SPDX-License-Identifier: Apache-2.0

package http2

import "errors"

// Rester is a Handler that lets connections rest: without a goroutine that reads, and without a Transport. Serve then
// returns ErrResting, and somebody calls Continue once there is something to read.
type Rester interface {
	// Wake has Continue called although there may be nothing to read, perhaps before Serve has returned. It is called
	// under the connection's lock, and must neither wait nor call the connection.
	Wake()
}

// ErrResting is returned by Serve and Continue when a connection has come to rest.
var ErrResting = errors.New("the connection rests")

// restLooks is how many calls of Watch a connection without a stream has to read nothing for before it rests. Frames
// that are no requests, such as a PING now and then, wake it for as long.
//
// A connection that has had one stream, or none, rests sooner. Many have no other for long, and together they have as
// many goroutines as came within that time.
const (
	restLooks     = 4
	restSoonLooks = 1
)

// watchRest has a connection rest that was quiet for long enough. It says whether it just did.
func (c *ServerConn) watchRest() (rested bool) {
	reads := c.reads.Load()
	switch {
	case c.rester == nil || c.parked:
	case !c.parkable || reads != c.seen:
		c.seen, c.still = reads, 0
	default:
		// One try is enough. Otherwise a client whose record comes byte by byte would have its time begun anew by each.
		looks := restLooks
		if c.last <= 1 {
			looks = restSoonLooks
		}
		if c.still++; c.still == looks && c.err == nil && c.departure != departed {
			c.leaving = true
			c.transport.StopReading()
			return true
		}
	}
	return false
}

// leaveOff ends a connection, or leaves it to its rest.
func (c *ServerConn) leaveOff(why error) error {
	if why != ErrResting { //nolint:errorlint // nobody wraps it
		c.end(why)
		return why
	}
	c.release()
	if c.heads != nil {
		c.packed, c.heads = c.heads.pack(), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest(0)
	c.transport, c.streams, c.queue.waiting = nil, nil, nil
	if !c.closed.anyByUs() {
		c.closed = nil
	}
	return why
}

// Continue goes on with a connection that was to rest. rested says whether it did. t is the stream below it now. It
// returns what Serve does.
func (c *ServerConn) Continue(t Transport, rested bool) error {
	c.mu.Lock()
	c.transport = t
	if rested {
		c.still = 0
	}
	c.parked, c.leaving, c.parkable = false, false, false
	c.mu.Unlock()
	t.ResumeReading()
	return c.leaveOff(c.read())
}

// Abandon ends a connection that rested and has lost what was below it.
func (c *ServerConn) Abandon() { _ = c.Continue(gone{}, true) }

// wake implements side.
func (c *ServerConn) wake() { c.rester.Wake() }

// wake implements side. A client's connection does not rest here.
func (c *ClientConn) wake() {}
