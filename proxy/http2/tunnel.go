// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"io"
	"os"
	"time"
)

// A CONNECT that names a protocol asks to change to that protocol, as Upgrade does in HTTP/1.1 (RFC 8441). Once it was
// answered with a 101, which the client gets as a 200, the stream is a tunnel: DATA frames carry bytes of that protocol
// both ways. What the client sends earlier waits in the stream's window. The methods here are only for tunnels, until
// Serve returns.

// openTunnel sends the head of a 101, which does not end the stream.
func (s *stream) openTunnel() error {
	if err := s.out.send(nil, false, nil); err != nil {
		return err
	}
	s.out.releaseBuffer()
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	s.tunnel = true
	s.in.ended = false
	if c.tunnels++; c.running == c.tunnels {
		c.quietSince = c.config.Now()
	}
	c.flush(false)
	return nil
}

// Park waits without a buffer until there are bytes. It returns them in a buffer of at least size bytes, which the
// caller then owns. It returns io.EOF if the client has ended its direction, and io.ErrUnexpectedEOF if the stream was
// reset.
func (s *Stream) Park(size int) (buf []byte, n int, err error) {
	c, in := s.conn, &s.in
	c.mu.Lock()
	defer c.mu.Unlock()
	in.late = false
	in.await()
	switch {
	case s.err != nil:
		return nil, 0, io.ErrUnexpectedEOF
	case in.r < in.w:
		buf = c.config.Buffers.Get(size)
		n = copy(buf, in.buf[in.r:in.w])
		in.drop(n)
		return buf, n, nil
	case in.late:
		return nil, 0, os.ErrDeadlineExceeded
	}
	return nil, 0, io.EOF
}

// StallAfter bounds how long each Park from now on waits, within about a quarter of a second. 0 is no bound.
func (s *Stream) StallAfter(d time.Duration) {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	s.in.patience = d
}

// Write sends p as the windows allow.
func (s *Stream) Write(p []byte) (int, error) {
	if err := s.out.send(p, false, nil); err != nil {
		return 0, err
	}
	s.flush()
	return len(p), nil
}

// CloseWrite ends the direction to the client.
func (s *Stream) CloseWrite() error {
	if err := s.out.send(nil, true, nil); err != nil {
		return err
	}
	s.flush()
	return nil
}

func (s *Stream) flush() {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush(false)
}

// Close resets the stream, as a TCP connection would be (RFC 8441, section 5). It does nothing if both directions have
// ended or the stream was reset already. Any goroutine may call it.
func (s *Stream) Close() error {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams[s.id] != &s.stream || s.out.ended && s.in.closed {
		return nil
	}
	c.forget(&s.stream, endedByUs)
	s.fail(errStreamReset)
	c.appendReset(s.id, codeCancel)
	c.flush(false)
	return nil
}
