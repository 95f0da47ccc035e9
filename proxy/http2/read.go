package http2

import (
	"errors"
	"os"
)

// preface is what a client's connection begins with (RFC 9113, section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// read takes one frame after another until the connection's end, and returns why that is.
func (c *ServerConn) read() error {
	c.greet()
	if err := c.readPreface(); err != nil {
		return err
	}
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

// greet sends our settings (RFC 9113, section 3.4).
func (c *ServerConn) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	const settings = 4
	b := c.out.reserve(c, 128)
	b = appendFrameHeader(b, settings*settingLength, frameSettings, 0, 0)
	b = appendSetting(b, settingMaxStreams, maxStreams)
	b = appendSetting(b, settingInitialWindow, streamWindow)
	b = appendSetting(b, settingMaxHeaderList, uint32(c.config.Limits.HeadBytes))
	b = appendSetting(b, settingNoOldPriorities, 1)
	c.out.pending = appendWindowUpdate(b, 0, connectionWindow-defaultWindow)
	c.flush(true)
}

func (c *ServerConn) readPreface() error {
	c.expire()
	for checked := 0; ; {
		received := c.buf[c.r:c.w]
		n := min(len(received), len(preface))
		if string(received[checked:n]) != preface[checked:n] {
			return errPreface
		}
		if checked = n; n == len(preface) {
			c.r += n
			return nil
		}
		if err := c.fill(len(preface)); err != nil {
			return err
		}
	}
}

// next returns the next frame, a view of the buffer until the next call.
func (c *ServerConn) next() (frame, error) {
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

// wait reads more of a frame that is need bytes long, or of the next.
func (c *ServerConn) wait(need int) error {
	quiet, err := c.beforeWait()
	if err != nil {
		return err
	}
	begun := c.w > c.r || c.block.open
	switch {
	case begun && (quiet || c.block.open):
		c.expire()
	case c.expiring:
		c.expiring = false
		c.transport.StallAfter(0)
	}
	if quiet && !begun {
		err = c.park()
	} else {
		err = c.fill(need)
	}
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return c.afterDeadline()
}

// expire bounds the arrival of the rest of what has begun.
func (c *ServerConn) expire() {
	if !c.expiring {
		c.expiring = true
		c.transport.ExpireAfter(c.config.Read)
	}
}

// beforeWait sends what is pending and says whether no stream is open.
func (c *ServerConn) beforeWait() (quiet bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushSoon()
	switch {
	case c.err != nil:
		return false, c.err
	case c.departure == departed && c.running == 0:
		return false, errDrained
	}
	return c.running == 0, nil
}

// afterDeadline says why the connection ends whose wait was ended, or nil where it goes on: a client has nothing to send while it
// waits for a response.
func (c *ServerConn) afterDeadline() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return c.err
	case c.running == 0 && c.departure == departed:
		return errDrained
	case c.running == 0 && c.rested:
		return errIdle
	case c.expiring && (c.running == 0 || c.block.open):
		return errSlowFrame
	}
	c.rested, c.expiring = false, false
	c.transport.ResumeReading()
	c.transport.StallAfter(0)
	return nil
}

// park waits for the next frame without a buffer.
func (c *ServerConn) park() error {
	c.release()
	buf, n, err := c.transport.Park(smallBuffer)
	if err != nil {
		return err
	}
	c.buf, c.r, c.w = buf, 0, n
	return nil
}

// fill reads more bytes behind those that are there, in a buffer that holds need of them.
func (c *ServerConn) fill(need int) error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if need > len(c.buf) {
		grown := c.config.Buffers.Get(max(need, smallBuffer))
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
		return nil
	}
	return err
}
