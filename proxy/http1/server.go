// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// ErrHeadTimeout is the error of a request whose head began and was not complete in time.
var ErrHeadTimeout = &message.Error{Status: 408, Detail: "the request's head did not arrive in time"}

// ServerConfig is what all the connections of a listener have in common.
type ServerConfig struct {
	Limits  heads.Limits
	Buffers *buffer.Pool
	// Idle bounds the wait for a request. Read bounds the arrival of a whole head and, later, each wait for content.
	Idle, Read time.Duration
	// PriorKnowledge makes ReadRequest return ErrPriorKnowledge if the connection begins as one of HTTP/2.
	PriorKnowledge bool
}

// ServerConn is the server's side of a connection. Call Await, ReadRequest and EndExchange, again and again. Between
// the last two, one goroutine may read the request's content while another writes the response. Otherwise one goroutine
// at a time uses it.
type ServerConn struct {
	config    *ServerConfig
	in        reader
	out       writer
	version   message.Version
	keepAlive bool
	closing   bool
	// parked is set during serve. The transport cannot be read then: it calls serve from within its own wait for bytes.
	parked bool
	// resumed is set if the next wait goes on with the time of the wait before.
	resumed bool
	// used is set once a request came.
	used bool
	// unframed is set if the request's head was refused, so that nobody knows where its content ends. saidAll is set once
	// the client was told that no more follows.
	unframed, saidAll bool

	serve func() (again bool)
	got   func(buf []byte, n int) (again bool)
}

// ErrParked is returned if more would have to be read from the transport while it is parked.
var ErrParked = errors.New("the transport is parked")

// ErrPriorKnowledge is returned for a connection whose client speaks HTTP/2 without having asked (RFC 9113, section
// 3.3). Nothing was consumed.
var ErrPriorKnowledge = errors.New("the client speaks HTTP/2")

// http2Head is how the first bytes of such a connection look to this parser (RFC 9113, section 3.4).
const http2Head = "PRI * HTTP/2.0\r\n\r\n"

// NewServerConn returns the server's side of a connection that was just accepted.
func NewServerConn(t Transport, config *ServerConfig) *ServerConn {
	c := &ServerConn{
		config: config,
		in:     reader{transport: t, buffers: config.Buffers},
		out:    writer{transport: t, buffers: config.Buffers},
	}
	c.got = c.receive // bound once; otherwise each wait would allocate it
	return c
}

// Hold sets the share that long heads and trailers of the connection are counted in.
func (c *ServerConn) Hold(share Share) { c.in.share = share }

// LongHead returns whether the request's head takes more memory than most.
func (c *ServerConn) LongHead() bool { return c.in.counted > 0 }

// ReleaseHead ends all views of the request's head. The caller has copied what it still needs.
func (c *ServerConn) ReleaseHead() { c.in.releaseHead() }

// Await waits for the first bytes of a request. If the transport can be parked, the wait holds no buffer. Such a
// transport then calls serve from within the wait whenever there are bytes, and goes on waiting while serve returns
// true. serve must not read more than what is there: it leaves that until Await has returned. Await returns nil if
// serve returned false or was not called, and io.EOF if the client closed the connection or the idle time passed.
func (c *ServerConn) Await(serve func() (again bool)) error {
	in := &c.in
	if in.Buffered() {
		return nil
	}
	if !c.resumed {
		in.transport.StallAfter(c.patience())
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

// patience returns how long to wait for a request. A client that has not sent any is waited for no longer than for a
// head.
func (c *ServerConn) patience() time.Duration {
	idle, read := c.config.Idle, c.config.Read
	if c.used || read == 0 || idle > 0 && idle < read {
		return idle
	}
	return read
}

// Resume makes the next Await continue one that was interrupted: its idle time does not begin anew. used says whether a
// request came before, perhaps on a ServerConn that this one replaces.
func (c *ServerConn) Resume(used bool) { c.resumed, c.used = true, used }

// Used returns whether a request came.
func (c *ServerConn) Used() bool { return c.used }

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

// ReadRequest reads the head of a request, whose first bytes are there, into req. It returns io.EOF if the connection
// ended within the head. It returns a *message.Error for a request that cannot be accepted: after that, the connection
// can only be answered and closed. ErrParked means that ReadRequest has to be called again after Await.
// ErrPriorKnowledge means that the connection is not one of HTTP/1.
func (c *ServerConn) ReadRequest(req *message.Request) error {
	req.Reset()
	c.keepAlive, c.closing, c.unframed, c.version = false, false, true, message.HTTP11
	c.out.sent = false
	in := &c.in
	timed := false
	for seen := 0; ; {
		if in.r == 0 && seen < 2 && in.w >= 2 && in.buf[0] == '\r' && in.buf[1] == '\n' {
			in.r, seen = 2, 0 // One empty line before a request is allowed (RFC 9112, section 2.2).
		}
		received := in.buf[in.r:in.w]
		if seen == 0 { // Nearly all heads come whole.
			if n, keepAlive := heads.WholeRequest(req, received, c.config.Limits); n > 0 {
				if timed { // by half of an empty line
					in.transport.StallAfter(c.config.Read)
				}
				c.used = true
				return c.accept(req, n, keepAlive)
			}
			req.Reset()
			in.begin(heads.FramedByNothing, 0, c.config.Limits)
		}
		n, err := heads.RequestEnd(received, seen, c.config.Limits)
		if err != nil {
			return err
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
			c.unframed = false // It had its time.
			return ErrHeadTimeout
		default:
			return io.EOF
		}
	}
}

func (c *ServerConn) parse(req *message.Request, b []byte) error {
	keepAlive, err := heads.ParseRequest(req, b, c.config.Limits)
	if err != nil {
		return err
	}
	return c.accept(req, len(b), keepAlive)
}

// accept takes a parsed head of n bytes.
func (c *ServerConn) accept(req *message.Request, n int, keepAlive bool) error {
	c.keepAlive, c.version = keepAlive, req.Version
	in := &c.in
	if !in.takeFields(req.Fields) {
		return errHeadMemory
	}
	in.r += n
	in.base = in.r
	in.begin(heads.FrameRequest(req), req.ContentLength, c.config.Limits)
	c.unframed = false
	return nil
}

// AwaitContent begins to bound each wait for content.
func (c *ServerConn) AwaitContent() { c.in.transport.StallAfter(c.config.Read) }

// Content reads the request's content.
func (c *ServerConn) Content() message.Reader { return &c.in }

// Buffered returns whether there are bytes that were not consumed, of the running exchange or of the next.
func (c *ServerConn) Buffered() bool { return c.in.Buffered() }

// ContentBuffered returns whether the rest of the content is known to be buffered.
func (c *ServerConn) ContentBuffered() bool {
	in := &c.in
	return in.ended || in.framing == heads.FramedByLength && in.remaining <= int64(in.w-in.r)
}

// SkipContent drops the buffered content. It returns whether that was the rest of the content.
func (c *ServerConn) SkipContent() bool { return c.in.skipBuffered() }

// Response returns the writer of the response's content.
func (c *ServerConn) Response() message.Writer { return &c.out }

// CloseAfter makes the running exchange the connection's last. The head says so if it was not written yet.
func (c *ServerConn) CloseAfter() { c.keepAlive = false }

// WriteInformational sends a 1xx response, except to clients that do not know them (RFC 9110, section 15.2).
func (c *ServerConn) WriteInformational(resp *message.Response) error {
	if c.version == message.HTTP10 {
		return nil
	}
	c.out.setHead(heads.AppendResponse(c.out.headWith(resp.Fields), resp, c.version, false))
	err := c.out.Flush()
	c.out.sent = false // nothing of the final response
	return err
}

// WriteHead makes the final response's head pending. It is sent with the first content or at End. Until a byte of it
// was sent, another head can replace it.
func (c *ServerConn) WriteHead(resp *message.Response) {
	framing := heads.FrameResponse(resp, c.version)
	c.closing = !c.keepAlive || framing == heads.FramedByClose
	c.out.lo, c.out.hi = 0, 0
	c.out.begin(framing, resp.ContentLength)
	c.out.setHead(heads.AppendResponse(c.out.headWith(resp.Fields), resp, c.version, c.closing))
}

// Started returns whether a byte of the final response was sent.
func (c *ServerConn) Started() bool { return c.out.sent }

// EndExchange ends the exchange and every view of its request. It returns whether the connection can carry another
// exchange. It cannot if either side wanted it closed, or if the request's content was not read and is not buffered
// whole.
func (c *ServerConn) EndExchange() bool {
	reusable := !c.closing && c.keepAlive && c.in.skipBuffered()
	c.in.endExchange()
	c.out.releaseBuffer()
	return reusable
}

// Detach gives up the connection after a 101 or ErrPriorKnowledge. It returns what was received and not consumed, valid
// until the next call.
func (c *ServerConn) Detach() []byte { return c.in.buf[c.in.r:c.in.w] }

// Release gives back the memory of a connection that was given up.
func (c *ServerConn) Release() {
	c.in.endExchange()
	c.in.releaseBuffer()
}
