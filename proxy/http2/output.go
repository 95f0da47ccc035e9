// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"runtime"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// output gathers frames until somebody sends them. The connection's lock guards it.
type output struct {
	// pending is a whole number of frames, in a lent buffer, or nil.
	pending []byte
	// writing is set while somebody sends what was pending before. idle is signalled when nobody does any more.
	writing bool
	idle    sync.Cond
	// resting wakes the goroutine that sends while it has nothing to do. It is nil if that goroutine is busy or does not
	// exist.
	resting chan struct{}
	// controls is how many answers to frames are pending.
	controls int
	// content is how many bytes of content the windows have let pass. At the time moved it was last seen to differ from
	// seen.
	content, seen int64
	moved         time.Duration
	err           error
}

// watch notes whether the peer has taken content.
func (o *output) watch(now time.Duration) {
	if o.content != o.seen {
		o.seen, o.moved = o.content, now
	}
}

// room returns how much content a stream may add in a frame, or 0. Frames that the connection adds itself are few and
// short, so they do not count.
func (o *output) room() int {
	if n := flushAt - len(o.pending) - frameHeader; n >= leastRoom {
		return n
	}
	return 0
}

// reserve returns what is pending, with room for n more bytes.
func (o *output) reserve(c *conn, n int) []byte {
	need := len(o.pending) + n
	if need <= cap(o.pending) {
		return o.pending
	}
	grown := c.config.Buffers.Get(max(need, min(2*cap(o.pending), buffer.Large)))
	grown = grown[:copy(grown, o.pending)]
	if o.pending != nil {
		c.config.Buffers.Put(o.pending[:cap(o.pending)])
	}
	o.pending = grown
	return grown
}

// control adds an answer to a frame of the peer. It is sent when all frames that are there have been processed.
func (c *conn) control(add func(b []byte) []byte) error {
	const longest = frameHeader + pingLength
	if c.out.controls++; c.out.controls > maxControls {
		return errControlsMany
	}
	c.out.pending = add(c.out.reserve(c, longest))
	return nil
}

// appendGoAway adds a GOAWAY frame.
func (c *conn) appendGoAway(last uint32, why code, detail string) {
	c.out.pending = appendGoAway(c.out.reserve(c, frameHeader+goAwayLeast+len(detail)), last, why, detail)
}

// appendBlock adds a header block in as many frames as it needs.
func (c *conn) appendBlock(stream uint32, block []byte, end bool) {
	b := c.out.reserve(c, len(block)+(2+len(block)/maxFrame)*frameHeader)
	kind, flags := frameHeaders, uint8(0)
	if end {
		flags |= flagEndStream
	}
	shrink := 0
	if c.shrink && !c.shrunk {
		shrink, c.shrunk = 1, true
	}
	for {
		n := min(len(block), maxFrame-shrink)
		if n == len(block) {
			flags |= flagEndHeaders
		}
		b = appendFrameHeader(b, shrink+n, kind, flags, stream)
		if shrink > 0 {
			b = append(b, tableEmpty)
		}
		b = append(b, block[:n]...)
		if block = block[n:]; len(block) == 0 {
			break
		}
		kind, flags, shrink = frameContinuation, 0, 0
	}
	c.out.pending = b
}

const (
	// tinyFrame is the length below which a DATA frame costs more than it brings, if it is that short only because of the
	// peer's window.
	tinyFrame = 512
	// echoesPerFrame is how many frames a peer may answer each DATA frame with: a WINDOW_UPDATE for the stream, one for
	// the connection, one more for good measure, and a PING that measures the way. gRPC's implementations send that PING
	// with each piece of content. maxEchoes bounds how many a peer can save up.
	echoesPerFrame = 4
	maxEchoes      = 10_000
)

// appendData adds content of a stream, within the windows. cut is set if windows or frame did not suffice for all of
// it.
func (c *conn) appendData(s *stream, data []byte, end, cut bool) error {
	if cut && len(data) < tinyFrame {
		if err := c.spendLocked(1); err != nil {
			c.failLocked(causeForStreams(err))
			c.stopReading()
			return err
		}
	}
	flags := uint8(0)
	if end {
		flags = flagEndStream
	}
	b := c.out.reserve(c, frameHeader+len(data))
	b = appendFrameHeader(b, len(data), frameData, flags, s.id)
	b = append(b, data...)
	c.out.pending = b
	s.sendWindow -= int64(len(data))
	c.sendWindow -= int64(len(data))
	c.out.content += int64(len(data))
	s.pace.sent += uint64(len(data))
	c.echoes = min(c.echoes+echoesPerFrame, maxEchoes)
	return nil
}

// flush sends what is pending, unless somebody else is about to. If the connection sends apart, flush has its goroutine
// send it. It releases the lock meanwhile. With stay it goes on sending as long as others add more, which is for
// callers with nothing else to do.
func (c *conn) flush(stay bool) {
	if (c.sendsApart || c.parked) && !stay {
		if c.err == nil { // At the end, the connection waits for those who send.
			c.flushSoon()
		}
		return
	}
	if c.out.writing || len(c.out.pending) == 0 || c.out.err != nil {
		return
	}
	c.out.writing = true
	c.write(stay)
}

// flushSoon has another goroutine send what is pending.
func (c *conn) flushSoon() {
	if c.out.writing || len(c.out.pending) == 0 || c.out.err != nil {
		return
	}
	if c.parked { // Whoever goes on with the connection sends it.
		c.side.wake()
		return
	}
	c.out.writing = true
	c.handOver()
}

func (c *conn) handOver() {
	if resting := c.out.resting; resting != nil {
		c.out.resting = nil
		resting <- struct{}{}
		return
	}
	c.senders.Go(c.send)
}

// send sends what is pending. If the connection sends apart, it then rests until there is more.
func (c *conn) send() {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := make(chan struct{}, 1) // With room for one, waking whoever rests does not block.
	for again := true; again; {
		c.write(true)
		if !c.sendsApart || c.err != nil || c.out.err != nil || c.out.resting != nil {
			return
		}
		c.out.resting = next
		c.mu.Unlock()
		_, again = <-next
		c.mu.Lock()
	}
}

// dismiss ends the goroutine that rests.
func (o *output) dismiss() {
	if o.resting != nil {
		close(o.resting)
		o.resting = nil
	}
}

// write is called by whoever has set writing.
func (c *conn) write(stay bool) {
	for {
		if c.running > 1 {
			// Answers that are ready now join this write, which is cheaper for all: about 14 of them with 32 busy streams.
			c.mu.Unlock()
			runtime.Gosched()
			c.mu.Lock()
		}
		b := c.out.pending
		c.out.pending, c.out.controls = nil, 0
		c.wakeNext()
		c.mu.Unlock()
		_, err := c.transport.Write(b)
		c.config.Buffers.Put(b[:cap(b)])
		c.mu.Lock()
		if err != nil {
			c.out.err = err
			c.side.cannotSend(causeForStreams(err))
		}
		if err != nil || len(c.out.pending) == 0 {
			break
		}
		if !stay {
			c.handOver()
			return
		}
	}
	c.out.writing = false
	c.out.idle.Broadcast()
}
