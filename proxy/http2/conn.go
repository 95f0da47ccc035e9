// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// conn is what both sides of a connection have in common: frames in and out, windows, and what is held against a peer.
// The goroutine that owns the connection reads it; the streams' goroutines, and those that watch or drain, come in
// under the lock.
type conn struct {
	config    *Config
	transport Transport
	// side is the whole of which this is a part.
	side side

	// Of the goroutine that reads alone: what was received and not consumed is buf[r:w].
	buf  []byte
	r, w int
	// expiring is set while the reads have to bring the rest of what has begun.
	expiring bool
	block    block
	// greeted is set once the peer's settings came.
	greeted bool

	// reads counts those that brought something.
	reads atomic.Uint64

	mu sync.Mutex // guards what follows, and each stream's share of it
	// streams are those that are open.
	streams map[uint32]*stream
	closed  closedStreams
	// last is the highest stream that was opened.
	last uint32
	// running counts the streams that are worked on, those that were reset meanwhile among them.
	running int
	// tunnels counts those of them that are tunnels.
	tunnels int
	// sendWindow is what the peer takes, recvWindow what it may send; credit was consumed and not given back to it yet.
	sendWindow, recvWindow, credit int64
	// initialWindow is the peer's setting: how much it takes on a new stream.
	initialWindow int64
	// shrink is set while the next header block has to say that the peer's table is empty; shrunk once one has.
	shrink, shrunk bool
	unproductive   budget
	// creditOnArrival gives the peer back of the connection's window what arrives, and not as it is read.
	creditOnArrival bool
	// sendsApart has a goroutine of the connection's own send whatever is pending, and not the one that made it so.
	sendsApart bool
	// echoes is how many frames of the peer's our DATA frames account for.
	echoes    int
	out       output
	queue     queue
	departure departure
	// accepted is the highest stream of the peer's that was served, or refused in a way that it knows.
	accepted uint32
	// err is why the connection ended, quietSince when the last stream did that is no tunnel; rested is set once that was
	// too long ago.
	err        error
	quietSince time.Duration
	rested     bool
	// share is nil where heads may take any memory; overdrawn is set once the connection has to end because of what it
	// holds.
	share     Share
	overdrawn bool
	// kept is what streams that ended keep of their memory for others.
	kept int
	// holding is set while the goroutine that reads waits for the next frame with a buffer, because streams were open when
	// it began to; woken once that wait was ended so that it waits without.
	holding, woken bool
	// senders are the goroutines that send, and those of the side's streams where it has any.
	senders sync.WaitGroup
}

// side is what the two sides of a connection do differently. The goroutine that reads calls the first four, without the
// lock; the others are called with it.
type side interface {
	// endBlock takes a whole header block. It decodes it whatever becomes of it: later ones build on the table that it
	// leaves (RFC 9113, section 4.3).
	endBlock(encoded []byte) error
	processGoAway(f frame) error
	processPriorityUpdate(f frame) error
	// malformed ends a stream whose content is not what its head said.
	malformed(s *stream) error
	// set takes a setting that only this side acts on.
	set(s setting, value uint32) error
	// wasReset says that the peer ended a stream that was open.
	wasReset(s *stream, why code) error
	// faulted accounts for a stream that a fault of the peer's ended.
	faulted() error
	// cannotSend says that nothing can be sent any more.
	cannotSend(err error)
	// rest gives up what is kept for streams to come, but for so many.
	rest(streams int)
}

func (c *conn) init(t Transport, config *Config, side side) {
	*c = conn{
		config: config, transport: t, side: side,
		streams:       make(map[uint32]*stream),
		sendWindow:    defaultWindow,
		recvWindow:    connectionWindow,
		initialWindow: defaultWindow,
		unproductive:  budget{burst: unproductiveBurst, perSecond: unproductivesPerSecond},
		quietSince:    config.Now(),
	}
	c.out.idle.L = &c.mu
	if config.Share != nil {
		c.share = config.Share(c)
	}
}

// end ends every stream and the connection. The peer is told why, unless it is gone.
func (c *conn) end(err error) {
	fault, told := errors.AsType[*connectionError](err)
	told = told || err == errDrained || err == errIdle || err == errSlowFrame
	c.mu.Lock()
	switch {
	case fault != nil:
		c.appendGoAway(c.accepted, fault.code, fault.detail)
	case told && c.departure < departed:
		c.appendGoAway(c.accepted, codeNone, "")
	}
	c.failLocked(causeForStreams(err))
	if told {
		// Somebody who takes nothing is told nothing.
		timer := time.AfterFunc(lastWords, func() { _ = c.transport.Close() })
		for c.out.writing {
			c.out.idle.Wait()
		}
		c.flush(true)
		timer.Stop()
	}
	c.side.rest(0)
	c.mu.Unlock()
	if !told {
		_ = c.transport.Close() // ends a write that waits
	}
	c.senders.Wait()
	if told {
		c.linger()
	}
	_ = c.transport.Close()
	c.release()
	if c.share != nil {
		c.mu.Lock() // exchanges may still be giving back what they held
		c.share.Leave()
		c.mu.Unlock()
	}
}

// causeForStreams is what the streams of a connection fail with that ends for a reason: never with what would be the
// end of their content, or a timeout of theirs.
func causeForStreams(err error) error {
	switch {
	case err == io.EOF, err == errDrained, err == errIdle, err == errSlowFrame, errors.Is(err, os.ErrDeadlineExceeded):
		return message.ErrClosed
	}
	return err
}

// The times and bytes that the end of a connection may take.
const (
	lastWords   = 5 * time.Second
	lingerTime  = time.Second
	lingerBytes = 256 << 10
)

// linger says that no more follows and drops what the peer is still sending: closing with bytes unread resets the
// connection, and the peer may lose what was sent last.
func (c *conn) linger() {
	c.transport.ResumeReading()
	if c.transport.CloseWrite() != nil {
		return
	}
	c.transport.ExpireAfter(lingerTime)
	if c.buf == nil {
		c.buf = c.config.Buffers.Get(buffer.Small)
	}
	for n := 0; n < lingerBytes; {
		m, err := c.transport.Read(c.buf)
		if n += m; err != nil {
			return
		}
	}
}

// release gives the buffers back.
func (c *conn) release() {
	if c.buf != nil {
		c.config.Buffers.Put(c.buf)
	}
	c.buf, c.r, c.w = nil, 0, 0
	c.endPieces()
}

// failLocked ends every stream, now and later.
func (c *conn) failLocked(err error) {
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

// Running returns how many streams are being worked on.
func (c *conn) Running() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// leave says that the work on a stream has ended.
func (c *conn) leave() {
	if c.running--; c.running > c.tunnels {
		return
	}
	c.quietSince = c.config.Now()
	if c.running == 0 && c.departure >= departed {
		c.transport.StopReading()
	}
}

// Watch does what no frame and no stream can do for itself, at now: it ends waits that take too long and gives back the
// memory of a connection that has come to rest.
func (c *conn) Watch(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch(now)
}

// watch returns when the last wait began for something of the peer's that took too long, or -1.
func (c *conn) watch(now time.Duration) (late time.Duration) {
	late = -1
	c.out.watch(now)
	for _, s := range c.streams {
		if s.expire(now) {
			late = max(late, s.in.since)
		}
	}
	if c.running > c.tunnels {
		c.side.rest(c.running + sparesLeast) // of a burst that has passed, nothing is kept while others go on
		return late
	}
	quiet := now - c.quietSince
	if quiet >= restAfter {
		c.side.rest(0)
		if c.share != nil {
			c.share.Rest()
		}
		if c.holding {
			c.holding, c.woken = false, true
			c.transport.StopReading()
		}
	}
	if d := c.config.Idle; c.running == 0 && d > 0 && quiet >= d && !c.rested {
		c.rested = true
		c.transport.StopReading()
	}
	return late
}

// sparesLeast is how many streams more than there are a connection keeps the memory of.
const sparesLeast = 16

// restAfter is how long a connection keeps the memory and the goroutines of its streams after the last one.
const restAfter = time.Second
