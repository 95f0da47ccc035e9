// SPDX-License-Identifier: Apache-2.0

package http2

import "encoding/binary"

// process acts on a frame. An error ends the connection.
func (c *conn) process(f frame) error {
	if c.block.open && (f.kind != frameContinuation || f.stream != c.block.stream) {
		return errBlockBroken
	}
	if !c.greeted {
		if f.kind != frameSettings || f.has(flagAck) {
			return errSettingsFirst
		}
		c.greeted = true
	}
	switch f.kind {
	case frameData:
		return c.processData(f)
	case frameHeaders:
		return c.processHeaders(f)
	case framePriority:
		return c.processPriority(f)
	case frameReset:
		return c.processReset(f)
	case frameSettings:
		return c.processSettings(f)
	case framePush:
		return errPush
	case framePing:
		return c.processPing(f)
	case frameGoAway:
		return c.side.processGoAway(f)
	case frameWindowUpdate:
		return c.processWindowUpdate(f)
	case frameContinuation:
		return c.processContinuation(f)
	case framePriorityUpdate:
		return c.side.processPriorityUpdate(f)
	}
	// Frames of other types are ignored (RFC 9113, section 5.5).
	return c.spend(1)
}

// spend accounts for n frames that brought nothing.
func (c *conn) spend(n int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spendLocked(n)
}

func (c *conn) spendLocked(n int64) error {
	if !c.unproductive.spend(n, c.config.Now()) {
		return errUnproductive
	}
	return nil
}

// spendEcho accounts for a frame that may be an answer to one of ours.
func (c *conn) spendEcho() error {
	if c.echoes > 0 {
		c.echoes--
		return nil
	}
	return c.spendLocked(1)
}

// isIdle returns whether nothing was ever heard of a stream. Streams that only a server can open are always idle,
// because nobody pushes.
func (c *conn) isIdle(stream uint32) bool { return stream > c.last || stream%2 == 0 }

func (c *conn) processData(f frame) error {
	if f.stream == 0 {
		return errFrameStream
	}
	data, err := f.unpad()
	if err != nil {
		return err
	}
	end := f.has(flagEndStream)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isIdle(f.stream) {
		return errFrameIdle
	}
	// The whole payload counts, including padding (RFC 9113, section 6.9.1).
	n := int64(len(f.payload))
	if c.recvWindow -= n; c.recvWindow < 0 {
		return errWindowExceeded
	}
	if c.creditOnArrival {
		c.give(n)
	}
	if len(data) == 0 && !end {
		if err := c.spendLocked(1); err != nil {
			return err
		}
	}
	s := c.streams[f.stream]
	if s == nil {
		c.consumed(n)
		return c.processClosed(f.stream)
	}
	if s.in.closed {
		c.consumed(n)
		return c.reset(s, codeStreamClosed)
	}
	if s.recvWindow -= n; s.recvWindow < 0 {
		c.consumed(n)
		return c.reset(s, codeFlowControl)
	}
	c.consumed(n - int64(len(data))) // The stream's window gets padding back with the data around it.
	if !s.in.take(data, end) {
		c.consumed(int64(len(data)))
		return c.side.malformed(s)
	}
	return nil
}

// processClosed answers a frame on a stream that was closed (RFC 9113, section 5.1).
func (c *conn) processClosed(stream uint32) error {
	if c.closed.find(stream) == endedByUs {
		return nil
	}
	if err := c.spendLocked(1); err != nil {
		return err
	}
	return c.control(func(b []byte) []byte { return appendReset(b, stream, codeStreamClosed) })
}

func (c *conn) processReset(f frame) error {
	switch {
	case f.stream == 0:
		return errFrameStream
	case len(f.payload) != resetLength:
		return errFrameLength
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isIdle(f.stream) {
		return errFrameIdle
	}
	s := c.streams[f.stream]
	switch {
	case s == nil && c.closed.end(f.stream):
		return nil // it crossed with ours
	case s == nil:
		return c.spendLocked(1)
	}
	c.forget(s, endedByPeer)
	return c.side.wasReset(s, code(binary.BigEndian.Uint32(f.payload)))
}

func (c *conn) processPing(f frame) error {
	switch {
	case f.stream != 0:
		return errFrameStream
	case len(f.payload) != pingLength:
		return errFrameLength
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.spendEcho(); err != nil || f.has(flagAck) {
		return err
	}
	return c.control(func(b []byte) []byte {
		return append(appendFrameHeader(b, pingLength, framePing, flagAck, 0), f.payload...)
	})
}

func (c *conn) processWindowUpdate(f frame) error {
	if len(f.payload) != windowUpdateLength {
		return errFrameLength
	}
	n := int64(binary.BigEndian.Uint32(f.payload) & maxWindow)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.spendEcho(); err != nil {
		return err
	}
	if f.stream == 0 {
		switch {
		case n == 0:
			return errWindowZero
		case c.sendWindow+n > maxWindow:
			return errWindowOverflow
		}
		c.sendWindow += n
		c.wakeNext()
		return nil
	}
	if c.isIdle(f.stream) {
		return errFrameIdle
	}
	s := c.streams[f.stream]
	switch {
	case s == nil:
		return nil // The peer may not know yet that the stream is closed.
	case n == 0:
		return c.reset(s, codeProtocol)
	case s.sendWindow+n > maxWindow:
		return c.reset(s, codeFlowControl)
	}
	s.sendWindow += n
	s.out.wakeForWindow()
	return nil
}
