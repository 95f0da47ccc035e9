// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"encoding/binary"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// ClientConn is the client's side of a connection, which many exchanges share. Serve runs on the goroutine that owns
// it. Any goroutine may call everything else.
//
// Only a stream's window bounds how much of its response waits here. The server gets back the connection's window as
// content arrives. So an exchange that does not read holds that much memory, but does not stop the others.
type ClientConn struct {
	conn
	scheme scheme
	heads  responseReader // only for the goroutine that reads

	// The lock guards the following fields.

	free []*ClientStream
	// broken is when it became known that nothing can be sent any more. out.err says why.
	broken time.Duration
	// limit is how many streams the server lets be open at once.
	limit   int
	silence silence
}

// scheme is the index of a request's scheme in the static table (RFC 7541, appendix A).
type scheme byte

const (
	schemeHTTP  scheme = 6
	schemeHTTPS scheme = 7
)

const (
	// clientWindow is how much content of one response waits here until it is read. With it, an endpoint that is 1 ms away
	// can send 128 MB/s on one stream.
	clientWindow = 128 << 10
	// unknownLimit is how many streams may be open before the server has said how many it takes. The RFC advises servers
	// not to take fewer (RFC 9113, section 6.5.2).
	unknownLimit = 100
)

// NewClientConn returns the client's side of a connection that was just made. secure is set for TLS. Streams can be
// opened at once. What they send comes after our settings.
func NewClientConn(t Transport, config *Config, secure bool) *ClientConn {
	c := &ClientConn{scheme: schemeHTTP, limit: unknownLimit}
	if secure {
		c.scheme = schemeHTTPS
	}
	c.init(t, config, c)
	c.creditOnArrival = true
	c.sendsApart = true // An exchange that is given up must not wait until the server takes what others send.
	c.silence.missed = -1
	c.heads.init(config)
	c.greet()
	return c
}

// greet makes the preface and our settings pending (RFC 9113, section 3.4).
func (c *ClientConn) greet() {
	const settings = 3
	b := append(c.out.reserve(&c.conn, 128), preface...)
	b = appendFrameHeader(b, settings*settingLength, frameSettings, 0, 0)
	b = appendSetting(b, settingPush, 0)
	b = appendSetting(b, settingInitialWindow, clientWindow)
	b = appendSetting(b, settingMaxHeaderList, uint32(c.config.Limits.HeadBytes))
	c.out.pending = appendWindowUpdate(b, 0, connectionWindow-defaultWindow)
}

// Serve reads the connection to its end, and returns why it ended.
func (c *ClientConn) Serve() error {
	err := c.read()
	if !c.greeted && message.IsFault(err) {
		err = errForeign
	}
	c.end(err)
	return err
}

// Open returns a stream for an exchange, nil if the connection has none now. That is if the server takes no more
// streams at a time, takes no content, goes away or may be dead, or if the numbers of streams are used up.
func (c *ClientConn) Open() *ClientStream {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.usable() || c.running >= c.limit || c.silence.doubted || c.stuck() {
		return nil
	}
	c.running++
	return c.newStream()
}

// stuckAfter is how long a server may take no content of any exchange before new exchanges go elsewhere.
const stuckAfter = time.Second

// stuck returns whether the connection's window is used up by content that the server does not read. Other exchanges
// would have to wait with their content until it does.
func (c *ClientConn) stuck() bool {
	return c.sendWindow <= 0 && c.config.Now()-c.out.moved >= stuckAfter
}

// Usable returns whether the connection is expected to have a stream for another exchange.
func (c *ClientConn) Usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.usable() && c.limit > 0
}

func (c *ClientConn) usable() bool { return c.err == nil && c.departure == staying && !c.rested }

// Drain ends the connection as soon as no stream is open.
func (c *ClientConn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.depart(departed)
}

func (c *ClientConn) depart(how departure) {
	if c.departure = max(c.departure, how); c.running == 0 {
		c.transport.StopReading()
	}
}

// Close ends the connection and every exchange on it.
func (c *ClientConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failLocked(message.ErrClosed)
	c.transport.StopReading()
	return nil
}

// processGoAway implements side. The server has not processed the streams that it did not know of (RFC 9113, section
// 6.8).
func (c *ClientConn) processGoAway(f frame) error {
	if err := f.checkGoAway(); err != nil {
		return err
	}
	last := binary.BigEndian.Uint32(f.payload) & highestStream
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, s := range c.streams {
		if id > last {
			c.forget(s, endedByPeer)
			s.abort(message.ErrUnprocessed)
		}
	}
	c.depart(left)
	c.queue.wakeAll() // Those that have no number yet have to look for another connection.
	return c.spendLocked(1)
}

// processPriorityUpdate implements side (RFC 9218, section 7.1).
func (c *ClientConn) processPriorityUpdate(frame) error { return errFrameStream }

// set implements side.
func (c *ClientConn) set(s setting, value uint32) error {
	switch s {
	case settingMaxStreams:
		c.limit = int(min(value, maxStreams))
	case settingPush:
		if value > 0 {
			return errSettingValue
		}
	}
	return nil
}

// malformed implements side.
func (c *ClientConn) malformed(s *stream) error { return c.reset(s, codeProtocol) }

// wasReset implements side. A response that is there as a whole can still be read (RFC 9113, section 8.1).
func (c *ClientConn) wasReset(s *stream, why code) error {
	if why == codeRefusedStream && !s.in.begun {
		s.abort(message.ErrUnprocessed)
		return nil
	}
	s.abort(message.Reset(why))
	return nil
}

// faulted implements side. We opened the stream, and its fault does not concern other exchanges.
func (c *ClientConn) faulted() error { return nil }

// cannotSend implements side. What the server has sent before is still read: most likely it goes away, and says which
// requests it has not processed.
func (c *ClientConn) cannotSend(error) {
	c.broken = c.config.Now()
	c.depart(departed)
	c.queue.wakeAll()
	for _, s := range c.streams {
		s.out.wake()
	}
}

// rest implements side.
func (c *ClientConn) rest(streams int) {
	for len(c.free) > streams {
		last := len(c.free) - 1
		c.reuse(&c.free[last].stream)
		c.free[last] = nil
		c.free = c.free[:last]
	}
	if streams == 0 {
		c.free = nil
		c.out.dismiss()
	}
}

// Watch does, at the time now, what no frame and no stream can trigger. It ends waits that take too long, and finds out
// whether the server is still there. It ends a connection that was idle for too long, or that is idle because the
// server takes no streams at all.
func (c *ClientConn) Watch(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	late := c.watch(now)
	for i := len(c.queue.waiting) - 1; i >= 0; i-- {
		if s := c.queue.waiting[i]; s.id == 0 { // c.watch has handled the others.
			s.expire(now)
		}
	}
	c.watchSilence(late, now)
	switch {
	case c.out.err != nil && now-c.broken >= lastWords:
		c.failLocked(message.ErrClosed)
		c.transport.StopReading()
	case c.limit == 0 && c.running == 0:
		c.depart(departed) // Other connections are made meanwhile, and this one would be one too many.
	}
}
