// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"encoding/binary"

	"github.com/warren-dev/ingress/proxy/message"
)

// priority is how urgent a response is, with 0 for most urgent, and whether parts of it are of use (RFC 9218, section
// 4).
type priority struct {
	urgency     uint8
	incremental bool
}

// usualPriority is the priority of a request that names none.
var usualPriority = priority{urgency: 3}

// parsePriority reads the value of a Priority field. It ignores what it does not know or cannot read.
func parsePriority(value []byte) priority {
	p := usualPriority
	message.Elements(value, func(e []byte) bool {
		switch {
		case len(e) == 3 && e[0] == 'u' && e[1] == '=' && '0' <= e[2] && e[2] <= '7':
			p.urgency = e[2] - '0'
		case string(e) == "i", string(e) == "i=?1":
			p.incremental = true
		case string(e) == "i=?0":
			p.incremental = false
		}
		return true
	})
	return p
}

// processPriorityUpdate implements side. It changes the priority of an open stream. It drops a frame that comes before
// its stream: the request has a field for the priority (RFC 9218, section 7.1).
func (c *ServerConn) processPriorityUpdate(f frame) error {
	switch {
	case f.stream != 0:
		return errFrameStream
	case len(f.payload) < priorityUpdateLeast:
		return errFrameLength
	}
	stream := binary.BigEndian.Uint32(f.payload) & highestStream
	if stream%2 == 0 { // 0, or one that only we could open
		return errFrameStream
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[stream]; s != nil {
		s.priority = parsePriority(f.payload[priorityUpdateLeast:])
		c.queue.moved(s)
	}
	return c.spendLocked(1)
}

// processPriority only checks the frame: what it says is no longer in use (RFC 9113, section 5.3.2).
func (c *conn) processPriority(f frame) error {
	switch {
	case f.stream == 0:
		return errFrameStream
	case len(f.payload) != priorityLength:
		return c.resetOrEnd(f.stream, codeFrameSize, errFrameLength)
	case dependsOnItself(f.payload, f.stream):
		return c.resetOrEnd(f.stream, codeProtocol, errDependency)
	}
	return c.spend(1)
}

// dependsOnItself returns whether the first bytes of a dependency name its own stream. RFC 7540, section 5.3.1, forbids
// that.
func dependsOnItself(b []byte, stream uint32) bool {
	return binary.BigEndian.Uint32(b)&highestStream == stream
}

// resetOrEnd resets a stream. If it is not open, there is nothing to reset, and the connection ends.
func (c *conn) resetOrEnd(stream uint32, fault code, otherwise error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[stream]; s != nil {
		return c.reset(s, fault)
	}
	return otherwise
}
