// SPDX-License-Identifier: Apache-2.0

package http2

import "slices"

// ending is how a stream was closed.
type ending uint8

const (
	// unknownEnding: the stream was skipped, or closed long ago.
	unknownEnding ending = iota
	// endedByBoth: request and response were sent whole.
	endedByBoth
	// endedByPeer: the peer reset the stream.
	endedByPeer
	// endedByUs: we reset it. Frames that the peer sent before it knew are no fault (RFC 9113, section 5.1).
	endedByUs
)

// closedKept is how many closed streams are remembered: as many as may be open at once.
const closedKept = maxStreams

// closedStreams remembers how the streams that were closed last have ended.
type closedStreams struct {
	ids  [closedKept]uint32
	ends [closedKept]ending
	next int
}

// rememberClosed remembers how a stream has ended.
func (c *conn) rememberClosed(id uint32, how ending) {
	if c.closed == nil {
		c.closed = new(closedStreams)
	}
	c.closed.add(id, how)
}

func (c *closedStreams) add(id uint32, how ending) {
	c.ids[c.next], c.ends[c.next] = id, how
	c.next = (c.next + 1) % closedKept
}

func (c *closedStreams) find(id uint32) ending {
	if c == nil {
		return unknownEnding
	}
	for i, closed := range c.ids {
		if closed == id {
			return c.ends[i]
		}
	}
	return unknownEnding
}

// anyByUs returns whether a stream is remembered that we reset. A rest begins sooner than the peer's frames for such a
// stream may come. Without it, they would be faults: trailers would end the connection.
func (c *closedStreams) anyByUs() bool { return c != nil && slices.Contains(c.ends[:], endedByUs) }

// end notes that the peer has also reset a stream. It returns false if nothing is known of the stream, or if the peer
// has reset it before.
func (c *closedStreams) end(id uint32) bool {
	if c == nil {
		return false
	}
	for i, closed := range c.ids {
		if closed == id && c.ends[i] != endedByPeer {
			c.ends[i] = endedByPeer
			return true
		}
	}
	return false
}
