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
// itself. Both end when nothing was relayed in either direction for the idle time.
type Tunnel struct {
	client, upstream Side
	// below is the TCP that carries upstream.
	below   *TCP
	clock   Clock
	idle    time.Duration
	buffers *buffer.Pool
	// active is when a byte was relayed last.
	active atomic.Int64
	// abandoned is set once the client is known to be gone.
	abandoned atomic.Bool
}

// NewTunnel returns the tunnel between a client and an endpoint. below carries the endpoint's bytes.
func NewTunnel(client, upstream Side, below *TCP, c Clock, idle time.Duration, buffers *buffer.Pool) *Tunnel {
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

// Close ends the tunnel of a client that is gone. It waits for nothing and returns nil.
func (t *Tunnel) Close() error {
	t.abandoned.Store(true)
	t.below.StopReading()
	return nil
}

func (t *Tunnel) copy(dst, src Side, first []byte) error {
	if len(first) > 0 {
		if _, err := dst.Write(first); err != nil {
			return err
		}
	}
	src.StallAfter(t.idle)
	for {
		n, err := t.copyOnce(dst, src)
		switch now := t.clock.Now(); {
		case n > 0:
			t.active.Store(int64(now))
		case errors.Is(err, os.ErrDeadlineExceeded) && now-time.Duration(t.active.Load()) < t.idle && !t.abandoned.Load():
			continue // The other direction is alive.
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// copyOnce relays the bytes of one read. It holds a buffer only while there is something in it.
func (t *Tunnel) copyOnce(dst, src Side) (n int, err error) {
	readErr := src.ReadParked(t.buffers, tunnelBuffer, func(buf []byte, read int) bool {
		defer t.buffers.Put(buf)
		n = read
		_, err = dst.Write(buf[:n])
		return false
	})
	if readErr != nil {
		err = readErr
	}
	return n, err
}

const tunnelBuffer = 32 << 10
