// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"syscall"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// ClientConfig is what all connections to upstreams have in common.
type ClientConfig struct {
	Limits  heads.Limits
	Buffers *buffer.Pool
}

// ClientConn is the client's side of a connection. As with ServerConn, one goroutine may write the request's content
// while another reads the response.
type ClientConn struct {
	config *ClientConfig
	in     reader
	out    writer
	// exchanger is the transport, if that can send a request and wait in one step.
	exchanger Exchanger
	Response  message.Response
	keepAlive bool
	// ends is set if the request ends the connection.
	ends bool
	// answered is set once the final response's head was read.
	answered bool
}

// NewClientConn returns the client's side of a connection that was just made.
func NewClientConn(t Transport, config *ClientConfig) *ClientConn {
	exchanger, _ := t.(Exchanger)
	c := &ClientConn{
		config:    config,
		in:        reader{transport: t, buffers: config.Buffers, alone: true},
		out:       writer{transport: t, buffers: config.Buffers, holds: exchanger != nil},
		exchanger: exchanger,
	}
	if exchanger != nil {
		c.in.parker, _ = t.(Parker)
		c.in.got = c.in.receive
	}
	return c
}

// Hold sets the share that long heads and trailers of the connection are counted in.
func (c *ClientConn) Hold(share Share) { c.in.share = share }

// ReleaseHead ends all views of the final response's head. Call it when the head was passed on.
func (c *ClientConn) ReleaseHead() {
	if c.in.counted > 0 {
		c.Response.Fields, c.Response.Reason = nil, nil
		c.in.releaseHead()
	}
}

// WriteHead makes the request's head pending. It is sent with the first content or at End. If the whole request is
// pending at End, ReadResponse sends it.
func (c *ClientConn) WriteHead(req *message.Request) {
	c.answered, c.keepAlive, c.ends = false, false, req.EndsConnection
	c.out.begin(heads.FrameRequest(req), req.ContentLength)
	c.out.setHead(heads.AppendRequest(c.out.headWith(req.Fields), req))
}

// Request returns the writer of the request's content.
func (c *ClientConn) Request() message.Writer { return &c.out }

// Sent returns whether a byte of the request was sent.
func (c *ClientConn) Sent() bool { return c.out.sent }

// ReadResponse reads the head of the next response into Response. method is the request's. It returns io.EOF if the
// connection ended before the first byte, io.ErrUnexpectedEOF if it ended later, a *message.Error for a head that
// cannot be understood, or the transport's error.
func (c *ClientConn) ReadResponse(method []byte) error {
	in := &c.in
	c.Response.Reset()
	in.endExchange()
	if c.out.held {
		c.out.held = false
		if err := c.exchange(); err != nil {
			return err
		}
	}
	for seen := 0; ; {
		if in.Buffered() {
			received := in.buf[in.r:in.w]
			if seen == 0 { // Nearly all heads come whole.
				if n, how, keepAlive := heads.WholeResponse(&c.Response, received, method, c.config.Limits); n > 0 {
					return c.accept(n, how, keepAlive)
				}
				c.Response.Reset()
				in.begin(heads.FramedByNothing, 0, c.config.Limits)
			}
			n, err := heads.ResponseEnd(received, seen, c.config.Limits)
			if err != nil {
				return err
			}
			if n > 0 {
				return c.parse(received[:n], method)
			}
			seen = len(received)
		}
		if err := in.fill(); err != nil {
			if seen > 0 {
				err = unexpected(err)
			}
			return err
		}
	}
}

// exchange sends the pending request and reads the first bytes of the response. If sending fails, it returns nil and
// leaves the error to the next read: the server may have answered and closed.
func (c *ClientConn) exchange() error {
	in, out := &c.in, &c.out
	pending := out.out[out.lo:out.hi]
	switch {
	case in.buf != nil:
	case len(out.out) == buffer.Small: // It is free once the request was sent, and nothing is read before.
		in.buf, out.out = out.out, nil
	default:
		in.buf = in.buffers.Get(buffer.Small)
	}
	sent, n, err := c.exchanger.Exchange(pending, in.buf[in.w:])
	in.w += n
	if err == syscall.EAGAIN && sent < len(pending) {
		var m int
		m, err = in.transport.Write(pending[sent:])
		sent += m
	}
	out.sent = sent > 0
	written := sent == len(pending)
	out.releaseBuffer()
	if n > 0 || !written {
		return nil
	}
	return err
}

// parse parses the head that b begins with.
func (c *ClientConn) parse(b, method []byte) error {
	n, how, keepAlive, err := heads.ParseResponse(&c.Response, b, method, c.config.Limits)
	if err != nil {
		return err
	}
	return c.accept(n, how, keepAlive)
}

// accept takes a parsed head of n bytes.
func (c *ClientConn) accept(n int, how heads.Framing, keepAlive bool) error {
	in := &c.in
	if !in.takeFields(c.Response.Fields) {
		return errHeadMemory
	}
	in.r += n
	in.base = in.r
	in.begin(how, c.Response.ContentLength, c.config.Limits)
	if !c.Response.Informational() {
		c.keepAlive, c.answered = keepAlive && !c.ends, true
	}
	return nil
}

// Content reads the response's content.
func (c *ClientConn) Content() message.Reader { return &c.in }

// EndExchange ends the exchange and every view of its response. It returns whether the connection can carry another
// request. That needs a response that was read to its end with nothing after it, a server that keeps the connection
// open, and a request that was sent whole, which requestSent says.
func (c *ClientConn) EndExchange(requestSent bool) bool {
	reusable := c.answered && c.keepAlive && c.in.ended && requestSent && !c.in.Buffered() && !c.in.surplus && c.Response.Status != 101
	c.in.endExchange()
	c.in.releaseBuffer()
	c.out.releaseBuffer()
	if cap(c.Response.Fields) > usualFields {
		c.Response.Fields = nil
	}
	return reusable
}

// Detach gives up the connection after a 101. It returns what was received beyond the head, valid until the next call.
func (c *ClientConn) Detach() []byte { return c.in.buf[c.in.r:c.in.w] }

// Close closes the connection.
func (c *ClientConn) Close() error { return c.in.transport.Close() }
