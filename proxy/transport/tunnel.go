// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// Tunnel relays bytes between a client and an endpoint that do not speak HTTP any more. Each side may end its half by
// itself. Both end when nothing was relayed in either direction for the idle time: while both halves last, that may be
// none, because it is nobody's fault that there is nothing to say. Keep-alives find out who is gone.
type Tunnel struct {
	client, upstream Side
	// below is the TCP that carries upstream.
	below   *TCP
	clock   Clock
	idle    TunnelIdle
	buffers *buffer.Pool
	// active is when a byte was relayed last, or when a half ended.
	active atomic.Int64
	// half is set once one of the halves has ended. writing is how many wait for a side to take bytes.
	half    atomic.Bool
	writing atomic.Int32
	// abandoned is set once the client is known to be gone.
	abandoned atomic.Bool
}

// TunnelIdle is how long nothing may be relayed in a tunnel. Whole is for one in which both sides have nothing to say.
// Half is for one in which a half has ended, or a side takes nothing. 0 is no bound.
type TunnelIdle struct{ Whole, Half time.Duration }

// look is how often a half looks whether the tunnel is idle.
func (i TunnelIdle) look() time.Duration {
	if i.Whole > 0 && (i.Half == 0 || i.Whole < i.Half) {
		return i.Whole
	}
	return i.Half
}

// NewTunnel returns the tunnel between a client and an endpoint. below carries the endpoint's bytes.
func NewTunnel(client, upstream Side, below *TCP, c Clock, idle TunnelIdle, buffers *buffer.Pool) *Tunnel {
	return &Tunnel{client: client, upstream: upstream, below: below, clock: c, idle: idle, buffers: buffers}
}

// Run relays until both halves have ended, and closes both connections. It first relays what was received beyond the
// heads.
func (t *Tunnel) Run(fromClient, fromUpstream []byte) {
	t.active.Store(int64(t.clock.Now()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.relay(t.client, t.upstream, fromUpstream)
	}()
	t.relay(t.upstream, t.client, fromClient)
	<-done
	t.close()
}

// relay copies one direction. It passes an end on as an end. A fault ends both directions, and the endpoint must not
// take it for an end. An idle tunnel simply ends.
func (t *Tunnel) relay(dst, src Side, first []byte) {
	err := t.copy(dst, src, first)
	if err == nil {
		err = dst.CloseWrite()
		t.active.Store(int64(t.clock.Now()))
		t.half.Store(true)
	}
	switch {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded) && !t.abandoned.Load():
		t.close()
	default:
		t.end(t.below.Reset)
	}
}

func (t *Tunnel) close() {
	t.end(func() { _ = t.upstream.Close() })
}

// end ends both sides at once, the endpoint's by calling endUpstream. Each Close waits for bytes that are relayed from
// within a read of its side, and that may wait until the other side takes them.
func (t *Tunnel) end(endUpstream func()) {
	var ending sync.WaitGroup
	ending.Go(func() { _ = t.client.Close() })
	endUpstream()
	ending.Wait()
}

// Close ends the tunnel of a client that is gone, or that gives way to another one. It waits for nothing and returns
// nil.
func (t *Tunnel) Close() error {
	t.abandoned.Store(true)
	t.below.StopReading()
	return nil
}

func (t *Tunnel) copy(dst, src Side, first []byte) error {
	if len(first) > 0 {
		t.writing.Add(1)
		_, err := dst.Write(first)
		t.writing.Add(-1)
		if err != nil {
			return err
		}
	}
	src.StallAfter(t.idle.look())
	for {
		n, err := t.copyOnce(dst, src)
		switch now := t.clock.Now(); {
		case n > 0:
			t.active.Store(int64(now))
		case errors.Is(err, os.ErrDeadlineExceeded) && !t.isIdle(now) && !t.abandoned.Load():
			continue
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// isIdle says whether nothing was relayed in either direction for too long.
func (t *Tunnel) isIdle(now time.Duration) bool {
	bound := t.idle.Whole
	if t.half.Load() || t.writing.Load() > 0 {
		bound = t.idle.Half
	}
	return bound > 0 && now-time.Duration(t.active.Load()) >= bound
}

// QuietSince returns when a byte was relayed last. quiet is false if the tunnel does not run yet. It is also false if a
// half has ended or a side takes nothing: that ends by itself after the idle time for it.
func (t *Tunnel) QuietSince() (since time.Duration, quiet bool) {
	since = time.Duration(t.active.Load())
	return since, since != 0 && !t.half.Load() && t.writing.Load() == 0
}

// copyOnce relays the bytes of one read. It holds a buffer only while there is something in it.
func (t *Tunnel) copyOnce(dst, src Side) (n int, err error) {
	readErr := src.ReadParked(t.buffers, tunnelBuffer, func(buf []byte, read int) bool {
		defer t.buffers.Put(buf)
		n = read
		t.writing.Add(1)
		_, err = dst.Write(buf[:n])
		t.writing.Add(-1)
		return false
	})
	if readErr != nil {
		err = readErr
	}
	return n, err
}

const tunnelBuffer = 32 << 10
