package http2

import (
	"errors"
	"sync"
	"time"
)

// ServerConn is the server's side of a connection. Serve runs on the goroutine that owns it; Announce, Drain, Watch and
// Running may be called from others.
type ServerConn struct {
	config    *Config
	transport Transport
	handler   Handler

	// Of the goroutine that reads alone: what was received and not consumed is buf[r:w].
	buf  []byte
	r, w int
	// expiring is set while the reads have to bring the rest of what has begun.
	expiring bool
	heads    headReader
	block    block
	// greeted is set once the client's settings came, last is the highest stream that it used.
	greeted bool
	last    uint32

	mu      sync.Mutex // guards what follows, and each stream's share of it
	streams map[uint32]*Stream
	closed  closedStreams
	// running counts the streams that are served, those that were reset meanwhile among them.
	running int
	// sendWindow is what the client takes, recvWindow what it may send; credit was consumed and not given back to it yet.
	sendWindow, recvWindow, credit int64
	// initialWindow is the client's setting: how much it takes on a new stream.
	initialWindow int64
	// shrink is set while the next header block has to say that the client's table is empty; shrunk once one has.
	shrink, shrunk bool
	resets         budget
	unproductive   budget
	// windowUpdates is how many of them our DATA frames account for.
	windowUpdates int
	out           output
	queue         queue
	workers       workers
	free          []*Stream
	departure     departure
	// accepted is the highest stream that was served, or refused in a way that the client knows.
	accepted uint32
	// err is why the connection ended, quietSince when the last stream did; rested is set once that was too long ago.
	err        error
	quietSince time.Duration
	rested     bool
}

// NewServerConn returns the server's side of a connection that was just accepted.
func NewServerConn(t Transport, config *Config, handler Handler) *ServerConn {
	c := &ServerConn{
		config: config, transport: t, handler: handler,
		streams:       make(map[uint32]*Stream),
		sendWindow:    defaultWindow,
		recvWindow:    connectionWindow,
		initialWindow: defaultWindow,
		resets:        budget{burst: resetBurst, perSecond: resetsPerSecond},
		unproductive:  budget{burst: unproductiveBurst, perSecond: unproductivesPerSecond},
		quietSince:    config.Now(),
	}
	c.out.idle.L = &c.mu
	c.heads.init(config.Limits)
	return c
}

// Serve serves the connection to its end and returns why that came. What was received already comes first.
func (c *ServerConn) Serve(received []byte) error {
	if len(received) > 0 {
		c.buf = c.config.Buffers.Get(max(len(received), smallBuffer))
		c.w = copy(c.buf, received)
	}
	err := c.read()
	c.end(err)
	return err
}

// end ends every stream and the connection. The client is told why, unless it is gone.
func (c *ServerConn) end(err error) {
	fault, told := errors.AsType[*connectionError](err)
	told = told || err == errDrained || err == errIdle || err == errSlowFrame
	c.mu.Lock()
	switch {
	case fault != nil:
		c.appendGoAway(c.accepted, fault.code, fault.detail)
	case told && c.departure < departed:
		c.appendGoAway(c.accepted, codeNone, "")
	}
	c.failLocked(errConnectionClosed)
	if told {
		// Somebody who takes nothing is told nothing.
		timer := time.AfterFunc(lastWords, func() { _ = c.transport.Close() })
		for c.out.writing {
			c.out.idle.Wait()
		}
		c.flush(true)
		timer.Stop()
	}
	c.workers.dismiss()
	c.mu.Unlock()
	if !told {
		_ = c.transport.Close() // ends a write that waits
	}
	c.workers.all.Wait()
	if told {
		c.linger()
	}
	_ = c.transport.Close()
	c.release()
}

// The times and bytes that the end of a connection may take.
const (
	lastWords   = 5 * time.Second
	lingerTime  = time.Second
	lingerBytes = 256 << 10
)

// linger says that no more follows and drops what the client is still sending: closing with bytes unread resets the
// connection, and the client may lose what was sent last.
func (c *ServerConn) linger() {
	c.transport.ResumeReading()
	if c.transport.CloseWrite() != nil {
		return
	}
	c.transport.ExpireAfter(lingerTime)
	if c.buf == nil {
		c.buf = c.config.Buffers.Get(smallBuffer)
	}
	for n := 0; n < lingerBytes; {
		m, err := c.transport.Read(c.buf)
		if n += m; err != nil {
			return
		}
	}
}

// release gives the buffers back.
func (c *ServerConn) release() {
	if c.buf != nil {
		c.config.Buffers.Put(c.buf)
	}
	c.buf, c.r, c.w = nil, 0, 0
	c.block.release()
}

// failLocked ends every stream, now and later.
func (c *ServerConn) failLocked(err error) {
	if c.err != nil {
		return
	}
	c.err = err
	for id, s := range c.streams {
		delete(c.streams, id)
		s.abort(err)
	}
	c.queue.wakeAll()
}

// Running returns how many requests are being served.
func (c *ServerConn) Running() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// Watch does what no frame and no stream can do for itself, at now: it ends waits that take too long and gives back the memory
// of a connection that has come to rest.
func (c *ServerConn) Watch(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.watch(now)
	for _, s := range c.streams {
		s.expire(now)
	}
	if c.running > 0 {
		return
	}
	quiet := now - c.quietSince
	if quiet >= restAfter {
		c.workers.dismiss()
		c.free = nil
	}
	if d := c.config.Idle; d > 0 && quiet >= d && !c.rested {
		c.rested = true
		c.transport.StopReading()
	}
}

// restAfter is how long a connection keeps the memory and the goroutines of its streams after the last one.
const restAfter = time.Second
