package proxy

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/http1"
)

// tunnel relays bytes between a client and an endpoint that have left HTTP behind. Each side may end its half
// on its own; both end when nothing was relayed in either direction for the idle time.
type tunnel struct {
	client, upstream http1.Transport
	clock            clock
	idle             time.Duration
	buffers          *http1.Buffers
	// active is when a byte was relayed last.
	active atomic.Int64
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

// relay copies one direction. An end is passed on as an end, a fault closes both connections, for the peer of
// either must not take it for an end.
func (t *tunnel) relay(dst, src http1.Transport, first []byte) {
	if err := t.copy(dst, src, first); err != nil || dst.CloseWrite() != nil {
		t.close()
	}
}

// close closes both connections at once: each close waits for what is relayed from within a read of its connection, which
// may itself wait until the other connection takes it.
func (t *tunnel) close() {
	var closing sync.WaitGroup
	closing.Go(func() { _ = t.client.Close() })
	_ = t.upstream.Close()
	closing.Wait()
}

func (t *tunnel) copy(dst, src http1.Transport, first []byte) error {
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
		case errors.Is(err, os.ErrDeadlineExceeded) && now-time.Duration(t.active.Load()) < t.idle:
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

// copyOnce relays what one read brings. It holds a buffer only while there is something in it, where src lets it.
func (t *tunnel) copyOnce(dst, src http1.Transport) (n int, err error) {
	relay := func(buf []byte, read int) bool {
		defer t.buffers.Put(buf)
		n = read
		_, err = dst.Write(buf[:n])
		return false
	}
	if p, ok := src.(http1.Parker); ok {
		if readErr := p.ReadParked(t.buffers, tunnelBuffer, relay); readErr != nil {
			err = readErr
		}
		return n, err
	}
	buf := t.buffers.Get(tunnelBuffer)
	read, readErr := src.Read(buf)
	if relay(buf, read); readErr != nil {
		err = readErr
	}
	return n, err
}

const tunnelBuffer = 32 << 10
