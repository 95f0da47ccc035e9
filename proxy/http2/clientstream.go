// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"os"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// ClientStream is one request and its response. Writing the request's content and reading the response may be done by
// two goroutines, Close by any; nothing else may. After EndExchange it belongs to another exchange.
type ClientStream struct {
	stream
	owner *ClientConn
	// Response is the head that was read last. Its views live until EndExchange.
	Response message.Response
	// bodiless is set where the response has no content, whatever its head says.
	bodiless bool
	// long is set where the head that was read takes more memory than most.
	long bool

	// The connection's lock guards these.

	// heads[taken:came] came and were not read. Further ones are memory.
	heads       []responseHead
	taken, came int
	// headsHeld is what the connection's share has for them.
	headsHeld int
	trailers  responseHead
}

// maxHeads bounds the heads of a response that wait to be read: informational ones, and the final one.
const maxHeads = 17

// keptHeads bounds those that a stream keeps memory for: an informational one, and the final one.
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
	s.priority.incremental = true // all have their turn
	s.recvWindow, s.fullWindow = clientWindow, clientWindow
	return s
}

// Abort implements work: whoever works on the stream waits for nothing else.
func (s *ClientStream) Abort() {}

// number gives a stream the next number, which has to be done in the order in which they begin on the wire (RFC 9113,
// section 5.1.1).
func (c *conn) number(s *stream) {
	c.last = (c.last + 1) | 1
	s.id, s.sendWindow = c.last, c.initialWindow
	c.streams[s.id] = s
	if s.id >= highestStream-2*maxStreams { // there have to be some for those that were opened
		c.departure = max(c.departure, departed)
	}
}

// WriteHead makes the request's head pending, to be sent with the first content or at End.
func (s *ClientStream) WriteHead(req *message.Request) {
	s.bodiless = string(req.Method) == "HEAD"
	s.out.begin(appendRequest(s.out.block[:0], req, s.owner.scheme), req.ContentLength, false)
}

// Request is where the request's content goes.
func (s *ClientStream) Request() message.Writer { return &s.out }

// Sent says whether something of the request was sent, or is about to be.
func (s *ClientStream) Sent() bool { return s.out.started }

// StallAfter bounds each wait for the response or its content from now on, the one that is on among them. 0 is no
// bound. What takes longer fails with os.ErrDeadlineExceeded.
func (s *ClientStream) StallAfter(d time.Duration) {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.in.patience, s.in.since = d, s.conn.config.Now()
}

// StallWritesAfter bounds each wait for the server to take something of the request in the same way.
func (s *ClientStream) StallWritesAfter(d time.Duration) {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.out.patience = d
}

// ReadResponse reads the head of the next response into Response. The request has to have been sent, or a part of it.
// It returns a *message.Error for a response that cannot be understood, [message.ErrUnprocessed], a [message.Reset],
// or what became of the connection.
func (s *ClientStream) ReadResponse([]byte) error {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	for s.taken == s.came && s.out.started && !s.in.settled() {
		s.in.wait()
	}
	switch {
	case s.taken < s.came: // it came first
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

// ReleaseHead ends all views of the final response's head: it was passed on. It may be long, and the content take its
// time.
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

// Close gives the exchange up: waits of it fail, now and later, and the server learns that nobody wants a response.
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

// EndExchange ends the exchange and every view of its response. Where request or response are not whole, the server
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

// echoesPerReset are the head and the trailers of a response that may be on their way when its stream is reset.
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
