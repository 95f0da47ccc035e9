// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"os"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// ClientStream is one request and its response. One goroutine may write the request's content while another reads the
// response. Any goroutine may call Close. Otherwise one goroutine at a time uses it. After EndExchange it belongs to
// another exchange.
type ClientStream struct {
	stream
	owner *ClientConn
	// Response is the head that was read last. Its views live until EndExchange.
	Response message.Response
	// bodiless is set if the response has no content, whatever its head says.
	bodiless bool
	// long is set if the head that was read takes more memory than most.
	long bool

	// The connection's lock guards the following fields.

	// heads[taken:came] have come and were not read. The others are only kept for their memory.
	heads       []responseHead
	taken, came int
	// headsHeld is how many bytes the connection's share counts for them.
	headsHeld int
	trailers  responseHead
}

// maxHeads bounds the heads of a response that wait to be read: informational ones and the final one.
const maxHeads = 17

// keptHeads is for how many heads a stream keeps memory: an informational one and the final one.
const keptHeads = 2

// newStream returns a stream that has no number yet.
func (c *ClientConn) newStream() *ClientStream {
	if n := len(c.free); n > 0 {
		s := c.free[n-1]
		c.free = c.free[:n-1]
		c.reuse(&s.stream)
		return s
	}
	s := &ClientStream{owner: c}
	s.init(&c.conn)
	s.work = s
	s.priority.incremental = true // All streams take turns.
	s.recvWindow, s.fullWindow = clientWindow, clientWindow
	return s
}

// Abort implements work. It has nothing to do: the exchange waits for nothing but the stream.
func (s *ClientStream) Abort() {}

// number gives a stream the next number. Streams must get their numbers in the order in which they begin on the wire
// (RFC 9113, section 5.1.1).
func (c *conn) number(s *stream) {
	c.last = (c.last + 1) | 1
	s.id, s.sendWindow = c.last, c.initialWindow
	c.open(s)
	if s.id >= highestStream-2*maxStreams { // Streams that are already open still need numbers.
		c.departure = max(c.departure, departed)
	}
}

// WriteHead makes the request's head pending. It is sent with the first content or at End.
func (s *ClientStream) WriteHead(req *message.Request) {
	s.bodiless = string(req.Method) == "HEAD"
	s.out.begin(appendRequest(s.out.block[:0], req, s.owner.scheme), req.ContentLength, false)
}

// Request returns the writer of the request's content.
func (s *ClientStream) Request() message.Writer { return &s.out }

// Sent returns whether a part of the request was sent, or is about to be.
func (s *ClientStream) Sent() bool { return s.out.started }

// StallAfter bounds each wait for the response or its content from now on, including one that is going on. 0 is no
// bound. A wait that takes longer fails with os.ErrDeadlineExceeded.
func (s *ClientStream) StallAfter(d time.Duration) {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.in.patience, s.in.since = d, s.conn.config.Now()
}

// StallWritesAfter likewise bounds each wait for the server to take a part of the request.
func (s *ClientStream) StallWritesAfter(d time.Duration) {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.out.patience = d
}

// ReadResponse reads the head of the next response into Response. Send the request, or a part of it, first. It returns
// a *message.Error for a response that cannot be understood, [message.ErrUnprocessed], a [message.Reset], or what
// became of the connection.
func (s *ClientStream) ReadResponse([]byte) error {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	for s.taken == s.came && s.out.started && !s.in.settled() {
		s.in.wait()
	}
	switch {
	case s.taken < s.came: // This head came before any of the following.
	case s.in.malformed != nil:
		return s.in.malformed
	case s.in.late, s.out.stalled:
		return os.ErrDeadlineExceeded
	case s.failed() != nil:
		return s.failed()
	default:
		return errNotSent
	}
	next := &s.heads[s.taken]
	s.taken++
	s.Response, next.Response = next.Response, s.Response
	s.long = s.headsHeld > 0
	return nil
}

// ReleaseHead ends all views of the final response's head. Call it when the head was passed on: it may be long, and the
// content may take its time.
func (s *ClientStream) ReleaseHead() {
	if !s.long {
		return
	}
	s.long = false
	s.Response.Fields = nil
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range s.heads[:s.taken] {
		s.heads[i].arena, s.heads[i].Fields = nil, nil
	}
	c.unhold(&s.stream, s.headsHeld)
	s.headsHeld = 0
}

// Content reads the final response's content.
func (s *ClientStream) Content() message.Reader { return &s.in }

// Close gives the exchange up. Its waits fail, now and later, and the server learns that nobody wants a response.
func (s *ClientStream) Close() error {
	c := s.owner
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.err != nil {
		return nil
	}
	c.silence.gaveUp(&s.in, c.config.Now())
	if c.isOpen(s) {
		c.closeStream(s)
		c.flushSoon()
	}
	s.abort(errStreamClosed)
	return nil
}

// EndExchange ends the exchange and every view of its response. If the request or the response is not whole, the server
// learns that nobody needs the rest.
func (s *ClientStream) EndExchange() {
	c := s.owner
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isOpen(s) {
		c.closeStream(s)
	}
	c.recycle(s)
	c.leave()
	c.flush(false)
}

func (c *ClientConn) isOpen(s *ClientStream) bool { return c.streams[s.id] == &s.stream }

func (c *ClientConn) closeStream(s *ClientStream) {
	if s.in.closed && s.out.ended {
		c.forget(&s.stream, endedByBoth)
		return
	}
	c.forget(&s.stream, endedByUs)
	c.appendReset(s.id, codeCancel)
	c.echoes = min(c.echoes+echoesPerReset, maxEchoes)
}

// echoesPerReset is for the head and the trailers of a response that may be on their way when we reset its stream.
const echoesPerReset = 2

func (c *ClientConn) recycle(s *ClientStream) {
	s.stream.recycle()
	s.id, s.recvWindow = 0, clientWindow
	s.in.patience, s.out.patience = 0, 0
	for i := range s.heads[:s.came] {
		s.heads[i].release()
	}
	s.trailers.release()
	s.taken, s.came, s.headsHeld, s.long = 0, 0, 0, false
	s.Response.Reset()
	bytes := s.trailers.size() + cap(s.Response.Fields)*fieldSize + cap(s.out.block)
	for i := range s.heads {
		bytes += s.heads[i].size()
	}
	if len(s.heads) > keptHeads || !c.keep(&s.stream, bytes) {
		s.heads, s.trailers, s.Response, s.out.block = nil, responseHead{}, message.Response{}, nil
	}
	c.free = append(c.free, s)
}
