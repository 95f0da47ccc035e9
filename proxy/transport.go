package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/warren-dev/ingress/proxy/http1"
)

// clock tells the time since the process began, which costs half of what the time of day does.
type clock struct{ start time.Time }

func newClock() clock { return clock{time.Now()} }

func (c clock) now() time.Duration { return time.Since(c.start) }

// transport is a TCP connection whose timeouts are stall times: they begin anew whenever bytes flow, so that a stream
// or a slow download lives as long as it moves. Deadlines are moved only when they are off by more than a second (or
// a quarter of a shorter timeout), since each move takes a lock of the runtime's.
//
// One goroutine may read while another writes; closing and stopReading are safe from anywhere.
type transport struct {
	tcp   *net.TCPConn
	raw   syscall.RawConn
	clock clock

	readStall, writeStall time.Duration
	// readAt and writeAt are the deadlines that are set, by the clock, or 0.
	readAt, writeAt time.Duration
	expiring        bool
	readingStopped  atomic.Bool

	parked parkedRead
	probe  probe
}

func newTransport(tcp *net.TCPConn, c clock, writeStall time.Duration) (*transport, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	t := &transport{tcp: tcp, raw: raw, clock: c, writeStall: writeStall}
	// Bound once: a closure made at each call would be an allocation at each request.
	t.parked.try = t.parked.read
	t.probe.look = t.probe.control
	return t, nil
}

// StallAfter implements http1.Transport.
func (t *transport) StallAfter(d time.Duration) { t.readStall, t.expiring = d, false }

// ExpireAfter implements http1.Transport.
func (t *transport) ExpireAfter(d time.Duration) {
	t.expiring = true
	t.setReadDeadline(d, t.clock.now()+d)
}

func (t *transport) setReadDeadline(d, at time.Duration) {
	t.readAt = at
	if d == 0 {
		t.readAt = 0
		_ = t.tcp.SetReadDeadline(time.Time{})
		return
	}
	_ = t.tcp.SetReadDeadline(t.clock.start.Add(at))
	if t.readingStopped.Load() { // stopReading may have come between
		_ = t.tcp.SetReadDeadline(longAgo)
	}
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

func (t *transport) armRead() {
	if t.expiring {
		return
	}
	if t.readStall == 0 {
		if t.readAt != 0 {
			t.setReadDeadline(0, 0)
		}
		return
	}
	at := t.clock.now() + t.readStall
	if moved(t.readAt, at, t.readStall) {
		t.setReadDeadline(t.readStall, at)
	}
}

// moved says whether a deadline that is set is too far from the one that is wanted.
func moved(set, wanted, timeout time.Duration) bool {
	return set == 0 || set > wanted || wanted-set > min(time.Second, timeout/4)
}

// Read implements http1.Transport.
func (t *transport) Read(p []byte) (int, error) {
	t.armRead()
	return t.tcp.Read(p)
}

// Write implements http1.Transport. It returns early only when not a byte was taken for the stall time.
func (t *transport) Write(p []byte) (int, error) {
	n := 0
	for {
		if t.writeStall > 0 {
			if at := t.clock.now() + t.writeStall; moved(t.writeAt, at, t.writeStall) {
				t.writeAt = at
				_ = t.tcp.SetWriteDeadline(t.clock.start.Add(at))
			}
		}
		m, err := t.tcp.Write(p[n:])
		n += m
		if err == nil || m == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}

// CloseWrite implements http1.Transport.
func (t *transport) CloseWrite() error { return t.tcp.CloseWrite() }

// Close implements http1.Transport.
func (t *transport) Close() error { return t.tcp.Close() }

// reset closes the connection in a way that the peer cannot take for the orderly end of a message.
func (t *transport) reset() {
	_ = t.tcp.SetLinger(0)
	_ = t.tcp.Close()
}

// stopReading makes the running Read and all later ones fail with os.ErrDeadlineExceeded.
func (t *transport) stopReading() {
	t.readingStopped.Store(true)
	_ = t.tcp.SetReadDeadline(longAgo)
}

// resumeReading undoes stopReading, once no Read is running.
func (t *transport) resumeReading() {
	t.readingStopped.Store(false)
	t.readAt = 0
	_ = t.tcp.SetReadDeadline(time.Time{})
}

// parkedRead is a read that holds a buffer only while there is something to read.
type parkedRead struct {
	buffers *http1.Buffers
	size    int
	buf     []byte
	n       int
	err     error
	try     func(fd uintptr) bool
}

// ReadParked implements http1.Parker.
func (t *transport) ReadParked(buffers *http1.Buffers, size int) ([]byte, int, error) {
	t.armRead()
	p := &t.parked
	p.buffers, p.size = buffers, size
	err := t.raw.Read(p.try)
	buf, n := p.buf, p.n
	p.buf, p.n = nil, 0
	if err == nil {
		err = p.err
	}
	return buf, n, err
}

// read is called with the connection's descriptor when it may be readable; false means wait until it is.
func (p *parkedRead) read(fd uintptr) bool {
	p.buf = p.buffers.Get(p.size)
	for {
		n, err := syscall.Read(int(fd), p.buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			p.buffers.Put(p.buf)
			p.buf = nil
			return false
		}
		p.n, p.err = max(n, 0), err
		return true
	}
}

// probe looks at a connection without waiting and without taking anything from it.
type probe struct {
	peek  [1]byte
	quiet bool
	look  func(fd uintptr)
}

// idle says whether nothing has arrived, not even the end of the connection.
func (t *transport) idle() bool {
	t.probe.quiet = false
	_ = t.raw.Control(t.probe.look)
	return t.probe.quiet
}

func (p *probe) control(fd uintptr) {
	_, _, err := syscall.Recvfrom(int(fd), p.peek[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	p.quiet = err == syscall.EAGAIN
}

// tlsTransport is TLS over a transport: the stall times are those below.
type tlsTransport struct {
	*tls.Conn
	below *transport
}

func (t *tlsTransport) StallAfter(d time.Duration)  { t.below.StallAfter(d) }
func (t *tlsTransport) ExpireAfter(d time.Duration) { t.below.ExpireAfter(d) }

// CloseWrite sends the close_notify alert and then ends the stream.
func (t *tlsTransport) CloseWrite() error {
	if err := t.Conn.CloseWrite(); err != nil {
		return err
	}
	return t.below.CloseWrite()
}

// netConn lets crypto/tls use a transport as its connection.
type netConn struct{ *transport }

func (c netConn) LocalAddr() net.Addr                { return c.tcp.LocalAddr() }
func (c netConn) RemoteAddr() net.Addr               { return c.tcp.RemoteAddr() }
func (c netConn) SetDeadline(at time.Time) error     { return c.tcp.SetDeadline(at) }
func (c netConn) SetReadDeadline(at time.Time) error { return c.tcp.SetReadDeadline(at) }
func (c netConn) SetWriteDeadline(at time.Time) error {
	c.writeAt = 0
	return c.tcp.SetWriteDeadline(at)
}
