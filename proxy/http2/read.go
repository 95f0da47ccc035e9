// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"errors"
	"os"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// preface is how a client's connection begins (RFC 9113, section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// read processes one frame after another until the connection ends, and returns why it ended.
func (c *conn) read() error {
	for {
		f, err := c.next()
		if err != nil {
			return err
		}
		if err := c.process(f); err != nil {
			return err
		}
	}
}

// next returns the next frame. It is a view of the buffer until the next call.
func (c *conn) next() (frame, error) {
	for {
		need := frameHeader
		if received := c.buf[c.r:c.w]; len(received) >= frameHeader {
			f, length := readFrameHeader(received)
			if length > maxFrame {
				return f, errFrameLong
			}
			if need += length; len(received) >= need {
				f.payload = received[frameHeader:need:need]
				c.r += need
				return f, nil
			}
		}
		if err := c.wait(need); err != nil {
			return frame{}, err
		}
	}
}

// wait reads more of a frame of need bytes, or of the next frame.
func (c *conn) wait(need int) error {
	begun := c.w > c.r || c.block.open
	quiet, resting, err := c.beforeWait(begun)
	if err != nil {
		return err
	}
	switch {
	case begun && (quiet || c.block.open):
		c.expire()
	case c.expiring:
		c.expiring = false
		c.transport.StallAfter(0)
	}
	if resting {
		err = c.park()
	} else {
		err = c.fill(need)
	}
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return c.afterDeadline()
}

// expire begins to bound the arrival of the rest of what has begun.
func (c *conn) expire() {
	if !c.expiring {
		c.expiring = true
		c.transport.ExpireAfter(c.config.Read)
	}
}

// beforeWait sends what is pending. quiet is whether no stream is open. resting is whether no buffer is needed for the
// wait: no part of a frame has come, which begun says, and all open streams are tunnels.
func (c *conn) beforeWait(begun bool) (quiet, resting bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushSoon()
	switch {
	case c.err != nil:
		return false, false, c.err
	case c.overdrawn:
		return false, false, errHeadMemory
	case c.slow:
		return false, false, errSlowTaker
	case c.departure >= departed && c.running == 0:
		return false, false, errDrained
	case c.rested && c.running == 0:
		return false, false, errIdle
	}
	resting = !begun && c.running == c.tunnels
	c.parkable = resting && c.running == 0
	c.holding = !begun && !resting
	return c.running == 0, resting, nil
}

// afterDeadline returns why the connection ends whose wait was ended, nil if it goes on. A peer may have nothing to
// send while streams are open.
func (c *conn) afterDeadline() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return c.err
	case c.overdrawn:
		return errHeadMemory
	case c.slow:
		return errSlowTaker
	case c.running == 0 && c.departure >= departed:
		return errDrained
	case c.running == 0 && c.rested:
		return errIdle
	case c.leaving && c.parkable && !c.out.writing && len(c.out.pending) == 0:
		c.parked = true
		return ErrResting
	case c.woken, c.leaving:
	case c.expiring && (c.running == 0 || c.block.open):
		return errSlowFrame
	}
	c.rested, c.woken, c.leaving, c.expiring = false, false, false, false
	c.transport.ResumeReading()
	c.transport.StallAfter(0)
	return nil
}

// park waits for the next frame without a buffer.
func (c *conn) park() error {
	c.release()
	buf, n, err := c.transport.Park(buffer.Small)
	if err != nil {
		return err
	}
	c.reads.Add(1)
	c.buf, c.r, c.w = buf, 0, n
	return nil
}

// fill reads more bytes after those that are there, into a buffer that has room for need bytes.
func (c *conn) fill(need int) error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if need > len(c.buf) {
		grown := c.config.Buffers.Get(max(need, buffer.Small))
		c.w = copy(grown, c.buf[c.r:c.w])
		c.r = 0
		if c.buf != nil {
			c.config.Buffers.Put(c.buf)
		}
		c.buf = grown
	}
	if len(c.buf)-c.r < need || c.w == len(c.buf) {
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	n, err := c.transport.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		c.reads.Add(1)
		return nil
	}
	return err
}
