// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// ErrHeadTimeout is a request whose head began and was not complete in time.
var ErrHeadTimeout = &message.Error{Status: 408, Detail: "the request's head did not arrive in time"}

// ServerConfig is what all the connections of a listener have in common.
type ServerConfig struct {
	Limits  Limits
	Buffers *buffer.Pool
	// Idle bounds the wait for a request, Read the arrival of a whole head and, later, each wait for content.
	Idle, Read time.Duration
	// PriorKnowledge has a connection that begins as one of HTTP/2 end with ErrPriorKnowledge.
	PriorKnowledge bool
}

// ServerConn is the server's side of a connection: Await, ReadRequest, EndExchange, again and again. Between the last
// two, reading the request's content and writing the response may be done by two goroutines; nothing else may.
type ServerConn struct {
	config    *ServerConfig
	in        reader
	out       writer
	version   message.Version
	keepAlive bool
	closing   bool
	// parked is set while the transport cannot be read because it waits for the next bytes itself, serve being called by
	// it.
	parked bool
	// resumed is set where the next wait goes on with the time of the one before.
	resumed bool
	// used is set once a request came.
	used  bool
	serve func() (again bool)
	got   func(buf []byte, n int) (again bool)
}

// ErrParked is what would have to be read from the transport while that is parked.
var ErrParked = errors.New("the transport is parked")

// ErrPriorKnowledge is a connection whose client speaks HTTP/2 without having asked (RFC 9113, section 3.3). Nothing
// was consumed.
var ErrPriorKnowledge = errors.New("the client speaks HTTP/2")

// http2Head is what the first bytes of such a connection look like here (RFC 9113, section 3.4).
const http2Head = "PRI * HTTP/2.0\r\n\r\n"

// NewServerConn returns the server's side of a connection that was just accepted.
func NewServerConn(t Transport, config *ServerConfig) *ServerConn {
	c := &ServerConn{
		config: config,
		in:     reader{transport: t, buffers: config.Buffers},
		out:    writer{transport: t, buffers: config.Buffers},
	}
	c.got = c.receive // bound once, or it would be allocated for each wait
	return c
}

// Hold has the connection hold long heads and trailers as its share allows.
func (c *ServerConn) Hold(share Share) { c.in.share = share }

// LongHead says whether the request's head takes more memory than most.
func (c *ServerConn) LongHead() bool { return c.in.counted > 0 }

// ReleaseHead ends all views of the request's head: whoever serves it has a copy of what is needed still.
func (c *ServerConn) ReleaseHead() { c.in.releaseHead() }

// Await waits for the first bytes of a request, with no buffer where the transport can be parked. Such a transport
// calls serve from within its wait, each time that there are some, and goes on waiting while serve returns true. What
// serve would have to read, beyond what is there, it has to leave until Await has returned. Await returns nil where
// serve returned false or was not called, and io.EOF when the client closed the connection or let the idle time pass.
func (c *ServerConn) Await(serve func() (again bool)) error {
	in := &c.in
	if in.Buffered() {
		return nil
	}
	if !c.resumed {
		in.transport.StallAfter(c.config.Idle)
	}
	c.resumed = false
	var err error
	if p, ok := in.transport.(Parker); ok {
		c.serve = serve
		err = p.ReadParked(in.buffers, buffer.Small, c.got)
	} else {
		err = in.fill()
	}
	if err != nil {
		in.releaseBuffer()
		return io.EOF
	}
	return nil
}

// Resume makes the next Await go on with one that was interrupted: its idle time does not begin anew.
func (c *ServerConn) Resume() { c.resumed = true }

// receive is called by a parked transport.
func (c *ServerConn) receive(buf []byte, n int) (again bool) {
	c.in.buf, c.in.r, c.in.w = buf, 0, n
	c.parked = true
	again = c.serve()
	c.parked = false
	if again {
		c.in.transport.StallAfter(c.config.Idle)
	}
	return again
}

// ReadRequest reads the head of a request, the first bytes of which are there, into req. It returns io.EOF when
// the connection ended within it, and a *message.Error for what cannot be accepted, after
// which the connection can only be answered and closed. ErrParked means that it has to be called again after Await,
// ErrPriorKnowledge that the connection is not one of HTTP/1.
func (c *ServerConn) ReadRequest(req *message.Request) error {
	req.Reset()
	c.keepAlive, c.closing, c.version = false, false, message.HTTP11
	c.out.sent = false
	in := &c.in
	in.begin(framedByNothing, 0, c.config.Limits)
	timed := false
	for seen := 0; ; {
		if in.r == 0 && seen < 2 && in.w >= 2 && in.buf[0] == '\r' && in.buf[1] == '\n' {
			in.r, seen = 2, 0 // one empty line before a request is forgiven (RFC 9112, section 2.2)
		}
		received := in.buf[in.r:in.w]
		n, err := headEnd(received, seen, c.config.Limits)
		if err != nil {
			return c.refineLength(err, received)
		}
		if n > 0 {
			if timed {
				in.transport.StallAfter(c.config.Read)
			}
			if c.config.PriorKnowledge && !c.used && string(received[:n]) == http2Head {
				return ErrPriorKnowledge
			}
			c.used = true
			return c.parse(req, received[:n])
		}
		if c.parked {
			return ErrParked
		}
		if seen = len(received); !timed {
			timed = true
			in.transport.ExpireAfter(c.config.Read)
		}
		switch err := in.fill(); {
		case err == nil:
		case err == errHeadMemory:
			return err
		case errors.Is(err, os.ErrDeadlineExceeded):
			return ErrHeadTimeout
		default:
			return io.EOF
		}
	}
}

// refineLength tells a target that is too long from fields that are too many.
func (c *ServerConn) refineLength(err error, received []byte) error {
	longest := c.config.Limits.LineBytes + len("\r\n")
	if err == errHeadLong && bytes.IndexByte(received[:min(len(received), longest)], '\n') < 0 {
		return errTargetLong
	}
	return err
}

func (c *ServerConn) parse(req *message.Request, head []byte) error {
	var err error
	c.keepAlive, err = parseRequest(req, head, c.config.Limits)
	if err != nil {
		return err
	}
	c.version = req.Version
	in := &c.in
	if !in.takeFields(req.Fields) {
		return errHeadMemory
	}
	in.r += len(head)
	in.base = in.r
	in.begin(frameRequest(req), req.ContentLength, c.config.Limits)
	return nil
}

// AwaitContent sets the time that each wait for content may take.
func (c *ServerConn) AwaitContent() { c.in.transport.StallAfter(c.config.Read) }

// Content reads the request's content.
func (c *ServerConn) Content() message.Reader { return &c.in }

// Buffered says whether bytes are there that were not consumed, of the running exchange or of the next.
func (c *ServerConn) Buffered() bool { return c.in.Buffered() }

// ContentBuffered says whether the rest of the content is known to be there.
func (c *ServerConn) ContentBuffered() bool {
	in := &c.in
	return in.ended || in.framing == framedByLength && in.remaining <= int64(in.w-in.r)
}

// SkipContent drops the content that is buffered and says whether that was all there is.
func (c *ServerConn) SkipContent() bool { return c.in.skipBuffered() }

// Response is where the response's content goes.
func (c *ServerConn) Response() message.Writer { return &c.out }

// CloseAfter makes the running exchange the connection's last; the head says so if it was not written yet.
func (c *ServerConn) CloseAfter() { c.keepAlive = false }

// WriteInformational sends a 1xx response, unless the client is one that does not know them (RFC 9110, section 15.2).
func (c *ServerConn) WriteInformational(resp *message.Response) error {
	if c.version == message.HTTP10 {
		return nil
	}
	c.out.setHead(appendResponse(c.out.headWith(resp.Fields), resp, c.version, false))
	err := c.out.Flush()
	c.out.sent = false // nothing of the final response
	return err
}

// WriteHead makes the final response's head pending, to be sent with the first content or at End. Until a byte of it
// left, another head can take its place.
func (c *ServerConn) WriteHead(resp *message.Response) {
	framing := frameResponse(resp, c.version)
	c.closing = !c.keepAlive || framing == framedByClose
	c.out.lo, c.out.hi = 0, 0
	c.out.begin(framing, resp.ContentLength)
	c.out.setHead(appendResponse(c.out.headWith(resp.Fields), resp, c.version, c.closing))
}

// Started says whether a byte of the final response left.
func (c *ServerConn) Started() bool { return c.out.sent }

// EndExchange ends the exchange and every view of its request. It says whether the connection can carry
// another: not if either side wanted it closed or if the request's content was not read and is not
// buffered whole.
func (c *ServerConn) EndExchange() bool {
	reusable := !c.closing && c.keepAlive && c.in.skipBuffered()
	c.in.endExchange()
	c.out.releaseBuffer()
	return reusable
}

// Lingering bounds what is read and dropped of a client that still sends when the connection is closed.
const (
	lingerBytes = 256 << 10
	lingerTime  = time.Second
)

// Close closes the connection. With linger it first says that no more follows and drops what the client is still
// sending: closing with bytes unread resets the connection, and the client may lose the response (RFC 9112, section
// 9.6).
func (c *ServerConn) Close(linger bool) {
	t := c.in.transport
	if linger && t.CloseWrite() == nil {
		t.ExpireAfter(lingerTime)
		c.in.endExchange()
		c.in.releaseBuffer()
		scratch := c.config.Buffers.Get(buffer.Small)
		for n := 0; n < lingerBytes; {
			m, err := t.Read(scratch)
			if n += m; err != nil {
				break
			}
		}
		c.config.Buffers.Put(scratch)
	}
	_ = t.Close()
	c.in.endExchange()
	c.in.releaseBuffer()
	c.out.releaseBuffer()
}

// Detach gives up the connection after a 101 or ErrPriorKnowledge: what was received and not consumed, as long as no
// other method is called.
func (c *ServerConn) Detach() []byte { return c.in.buf[c.in.r:c.in.w] }

// Release gives back the memory of a connection that was given up.
func (c *ServerConn) Release() { c.in.releaseBuffer() }
