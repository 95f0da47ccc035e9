// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"encoding/binary"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// ClientConn is the client's side of a connection, which many exchanges share. Serve runs on the goroutine that owns
// it; everything else may be called from any.
//
// What waits here of a response is bounded by its stream's window alone: of the connection's the server gets back what
// it used as it arrives. An exchange that takes nothing holds that much memory, and is in nobody's way.
type ClientConn struct {
	conn
	scheme scheme
	heads  responseReader // of the goroutine that reads alone

	// The lock guards these.

	free []*ClientStream
	// broken is when it became known that nothing can be sent any more, as out has it.
	broken time.Duration
	// limit is how many streams the server lets be open at once.
	limit   int
	silence silence
}

// scheme is a request's, as the static table has it (RFC 7541, appendix A).
type scheme byte

const (
	schemeHTTP  scheme = 6
	schemeHTTPS scheme = 7
)

const (
	// clientWindow is how much content of one response waits here for whoever reads it. An endpoint that is 1 ms away can
	// send 128 MB/s on one stream.
	clientWindow = 128 << 10
	// unknownLimit is how many streams are opened before the server has said how many it takes: it is advised not to take
	// fewer (RFC 9113, section 6.5.2).
	unknownLimit = 100
)

// NewClientConn returns the client's side of a connection that was just made, over TLS where secure. Streams can be
// opened at once; what they send follows our settings.
func NewClientConn(t Transport, config *Config, secure bool) *ClientConn {
	c := &ClientConn{scheme: schemeHTTP, limit: unknownLimit}
	if secure {
		c.scheme = schemeHTTPS
	}
	c.init(t, config, c)
	c.creditOnArrival = true
	c.sendsApart = true // an exchange that is given up must not wait until the server takes what others send
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

// Serve reads the connection to its end and returns why that came.
func (c *ClientConn) Serve() error {
	err := c.read()
	if !c.greeted && message.IsFault(err) {
		err = errForeign
	}
	c.end(err)
	return err
}

// Open returns a stream for an exchange, or nil where the connection has none now: the server takes no more at a time
// or no content, goes away or may be dead, or there are no more numbers.
func (c *ClientConn) Open() *ClientStream {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.usable() || c.running >= c.limit || c.silence.doubted || c.stuck() {
		return nil
	}
	c.running++
	return c.newStream()
}

// stuckAfter is how long a server may take no content of any exchange until others go elsewhere.
const stuckAfter = time.Second

// stuck says whether the connection's window is used up by content that the server leaves lying: all that other
// exchanges have to send would wait until it is taken.
func (c *ClientConn) stuck() bool {
	return c.sendWindow <= 0 && c.config.Now()-c.out.moved >= stuckAfter
}

// Usable says whether the connection will have a stream for another exchange, as far as is known.
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

// processGoAway implements side. What the server did not know of it did not do either (RFC 9113, section 6.8).
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
	c.queue.wakeAll() // those that have no number yet are to look for another connection
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

// wasReset implements side. A response that is there whole is read all the same (RFC 9113, section 8.1).
func (c *ClientConn) wasReset(s *stream, why code) error {
	if why == codeRefusedStream && !s.in.begun {
		s.abort(message.ErrUnprocessed)
		return nil
	}
	s.abort(message.Reset(why))
	return nil
}

// faulted implements side. It was we who opened the stream, and other exchanges have no part in its fault.
func (c *ClientConn) faulted() error { return nil }

// cannotSend implements side. What the server said before is read all the same: most likely it went away, and tells
// which requests it did nothing with.
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

// Watch does what no frame and no stream can do for itself, at now: it ends waits that take too long, finds out whether
// the server is there still, and ends a connection that was idle for too long, or is idle because the server takes no
// streams at all.
func (c *ClientConn) Watch(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	late := c.watch(now)
	for i := len(c.queue.waiting) - 1; i >= 0; i-- {
		if s := c.queue.waiting[i]; s.id == 0 { // the others were seen to
			s.expire(now)
		}
	}
	c.watchSilence(late, now)
	switch {
	case c.out.err != nil && now-c.broken >= lastWords:
		c.failLocked(message.ErrClosed)
		c.transport.StopReading()
	case c.limit == 0 && c.running == 0:
		c.depart(departed) // others are made meanwhile, and would be in excess
	}
}
