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

// conn is what both sides of a connection have in common: frames in and out, windows, and limits against abuse. The
// goroutine that owns the connection reads it. The goroutines of streams, and those that watch or drain, take the lock.
type conn struct {
	config    *Config
	transport Transport
	// side is the ServerConn or ClientConn that this is a part of.
	side side

	// Only the goroutine that reads uses the following fields. What was received and not consumed is buf[r:w].
	buf  []byte
	r, w int
	// expiring is set while ExpireAfter bounds the arrival of the rest of what has begun.
	expiring bool
	block    block
	// greeted is set once the peer's settings have come.
	greeted bool

	// reads counts the reads that brought something.
	reads atomic.Uint64

	mu sync.Mutex // guards the following fields, and the fields of each stream that say so
	// streams are the open streams.
	streams map[uint32]*stream
	closed  *closedStreams // nil if nothing is remembered
	// last is the highest stream that was opened.
	last uint32
	// running is how many streams are worked on, including those that were reset meanwhile.
	running int
	// tunnels is how many of those are tunnels, and dropping how many only drop the rest of a request's content.
	tunnels, dropping int
	// sendWindow is how much the peer takes, and recvWindow how much it may send. credit was consumed and not given back
	// yet.
	sendWindow, recvWindow, credit int64
	// initialWindow is the peer's setting: how much it takes on a new stream.
	initialWindow int64
	// shrink is set if a header block has to say that the dynamic table is empty. shrunk is set once one has said so.
	shrink, shrunk bool
	unproductive   budget
	// creditOnArrival gives the connection's window back when content arrives, and not when it is read.
	creditOnArrival bool
	// sendsApart has the connection's own goroutine send what is pending, and not the goroutine that made it pending.
	sendsApart bool
	// echoes is how many frames the peer may still send in answer to frames of ours.
	echoes    int
	out       output
	queue     queue
	departure departure
	// accepted is the highest stream of the peer that was served, or refused in a way that the peer knows of.
	accepted uint32
	// err is why the connection ended. quietSince is when the last stream that is no tunnel ended, or began to only
	// drop content. rested is set once the connection was idle for too long.
	err        error
	quietSince time.Duration
	rested     bool
	// share is nil if heads may take any memory. overdrawn is set once the connection has to end because its heads hold
	// too much, slow once it has to end because the peer takes too little.
	share           Share
	overdrawn, slow bool
	// kept is how much memory ended streams keep for others.
	kept int
	// holding is set while the goroutine that reads waits for the next frame with a buffer, because streams were open when
	// the wait began. woken is set once that wait was ended so that it goes on without a buffer.
	holding, woken bool
	// parkable is set while the goroutine that reads waits for the next frame and no stream is open. leaving is set once
	// that wait was ended so that the connection rests, and parked while it does.
	parkable, leaving, parked bool
	// senders are the goroutines that send, and those of the side's streams if it has any.
	senders sync.WaitGroup
}

// side is what the two sides of a connection do differently. The goroutine that reads calls the first four, without the
// lock. The others are called with the lock.
type side interface {
	// endBlock takes a whole header block. It decodes the block in any case, because later blocks depend on the table that
	// it leaves (RFC 9113, section 4.3).
	endBlock(encoded []byte) error
	processGoAway(f frame) error
	processPriorityUpdate(f frame) error
	// malformed ends a stream whose content is not what its head said.
	malformed(s *stream) error
	// set takes a setting that only this side acts on.
	set(s setting, value uint32) error
	// wasReset is called when the peer has reset an open stream.
	wasReset(s *stream, why code) error
	// faulted accounts for a stream that ended because of a fault of the peer.
	faulted() error
	// cannotSend is called when nothing can be sent any more.
	cannotSend(err error)
	// rest gives up the memory that is kept for future streams, except for as many as streams says.
	rest(streams int)
	// wake has somebody go on with a connection that rests.
	wake()
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

// end ends every stream and the connection. It tells the peer why, unless the peer is gone.
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
		// A peer that takes nothing is told nothing.
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
		_ = c.transport.Close() // This ends a write that waits.
	}
	c.senders.Wait()
	if told {
		c.linger()
	}
	_ = c.transport.Close()
	c.release()
	if c.share != nil {
		c.mu.Lock() // Exchanges may still be giving back what they held.
		c.share.Leave()
		c.mu.Unlock()
	}
}

// causeForStreams returns what the streams of a connection fail with when it ends for this reason. It is never an error
// that a stream would take for the end of its content, or for its own timeout.
func causeForStreams(err error) error {
	switch {
	case err == io.EOF, err == errDrained, err == errIdle, err == errSlowFrame, errors.Is(err, os.ErrDeadlineExceeded):
		return message.ErrClosed
	}
	return err
}

// These bound the time and the bytes that the end of a connection may take.
const (
	lastWords   = 5 * time.Second
	lingerTime  = time.Second
	lingerBytes = 256 << 10
)

// linger says that no more follows, and drops what the peer still sends. Closing with unread bytes would reset the
// connection, and the peer might lose what was sent last.
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

// stopReading ends the wait of the goroutine that reads, or the connection's rest.
func (c *conn) stopReading() {
	if c.parked {
		c.side.wake()
		return
	}
	c.transport.StopReading()
}

// Running returns how many streams are worked on.
func (c *conn) Running() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// leave notes that the work on a stream has ended.
func (c *conn) leave() {
	if c.running--; c.running > c.tunnels+c.dropping {
		return
	}
	c.quietSince = c.config.Now()
	if c.running == 0 && c.departure >= departed {
		c.stopReading()
	}
}

// Watch does, at the time now, what no frame and no stream can trigger. It ends waits that take too long, and gives
// back the memory of a connection that has become idle.
func (c *conn) Watch(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch(now)
}

// watch returns when the last wait for the peer began that took too long, -1 if there is none.
func (c *conn) watch(now time.Duration) (late time.Duration) {
	late = -1
	c.out.watch(now)
	for _, s := range c.streams {
		if s.expire(now) {
			late = max(late, s.in.since)
		}
	}
	if c.running > c.tunnels {
		c.side.rest(c.running + sparesLeast) // While streams go on, keep no memory of a burst that has passed.
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
			c.stopReading()
		}
	}
	if d := c.config.Idle; c.running == 0 && d > 0 && quiet >= d && !c.rested {
		c.rested = true
		c.stopReading()
	}
	return late
}

// sparesLeast is for how many more streams than are running a connection keeps memory.
const sparesLeast = 16

// restAfter is how long after its last stream a connection keeps the memory and the goroutines of its streams.
const restAfter = time.Second
