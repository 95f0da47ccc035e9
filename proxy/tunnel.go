package proxy

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1"
)

// side is one of the two that a tunnel connects. One goroutine may read from it while another writes to it.
type side interface {
	io.Writer
	http1.Parker
	// StallAfter bounds how long a ReadParked may wait. 0 is no bound.
	StallAfter(d time.Duration)
	// CloseWrite tells the peer that no more will be sent.
	CloseWrite() error
	// Close ends both directions. It may be called from any goroutine, and may wait for what a ReadParked has brought to
	// be dealt with.
	Close() error
}

// tunnel relays bytes between a client and an endpoint that have left HTTP behind. Each side may end its half
// on its own; both end when nothing was relayed in either direction for the idle time.
type tunnel struct {
	client, upstream side
	// below is what carries upstream.
	below   *transport
	clock   clock
	idle    time.Duration
	buffers *buffer.Pool
	// active is when a byte was relayed last.
	active atomic.Int64
	// abandoned is set once the client is known to be gone.
	abandoned atomic.Bool
}

// newTunnel returns the tunnel between a client and an endpoint, below being what carries the latter's bytes.
func newTunnel(client, upstream side, below *transport, c clock, idle time.Duration, buffers *buffer.Pool) *tunnel {
	return &tunnel{client: client, upstream: upstream, below: below, clock: c, idle: idle, buffers: buffers}
}

// run relays until both halves have ended, and closes both connections. What was received beyond the heads goes first.
func (t *tunnel) run(fromClient, fromUpstream []byte) {
	t.active.Store(int64(t.clock.now()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.relay(t.client, t.upstream, fromUpstream)
	}()
	t.relay(t.upstream, t.client, fromClient)
	<-done
	t.close()
}

// relay copies one direction. An end is passed on as an end; a fault ends both directions, and the endpoint must not
// take it for an end. A tunnel that was idle has come to its end.
func (t *tunnel) relay(dst, src side, first []byte) {
	err := t.copy(dst, src, first)
	if err == nil {
		err = dst.CloseWrite()
	}
	switch {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded) && !t.abandoned.Load():
		t.close()
	default:
		t.end(t.below.reset)
	}
}

func (t *tunnel) close() {
	t.end(func() { _ = t.upstream.Close() })
}

// end ends both sides at once, the endpoint's by endUpstream: each end waits for what is relayed from within a read of
// its side, which may itself wait until the other side takes it.
func (t *tunnel) end(endUpstream func()) {
	var ending sync.WaitGroup
	ending.Go(func() { _ = t.client.Close() })
	endUpstream()
	ending.Wait()
}

// abandon ends the tunnel of a client that is gone, without waiting for anything.
func (t *tunnel) abandon() {
	t.abandoned.Store(true)
	t.below.stopReading()
}

func (t *tunnel) copy(dst, src side, first []byte) error {
	if len(first) > 0 {
		if _, err := dst.Write(first); err != nil {
			return err
		}
	}
	src.StallAfter(t.idle)
	for {
		n, err := t.copyOnce(dst, src)
		switch now := t.clock.now(); {
		case n > 0:
			t.active.Store(int64(now))
		case errors.Is(err, os.ErrDeadlineExceeded) && now-time.Duration(t.active.Load()) < t.idle && !t.abandoned.Load():
			continue // the other direction is alive
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// copyOnce relays what one read brings. It holds a buffer only while there is something in it.
func (t *tunnel) copyOnce(dst, src side) (n int, err error) {
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
