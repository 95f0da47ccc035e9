// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// TCP is a TCP connection whose timeouts are stall times: they begin anew whenever bytes flow. So a stream or a slow
// download lives as long as it moves. A deadline is moved only when it is off by more than a second (or a quarter of a
// shorter timeout), because each move takes a lock of the runtime.
//
// It reads and writes through syscall.RawConn, which tells when a call would have to wait. Only real waits hold a
// buffer, or set a write's deadline. One goroutine may read while another writes. Any goroutine may close it or call
// StopReading.
type TCP struct {
	tcp   handle
	raw   syscall.RawConn
	clock Clock

	readStall, writeStall time.Duration
	// readAt is the read deadline that is set, by the clock, or 0. armed is set if the deadline was checked just now.
	readAt         time.Duration
	armed          bool
	expiring       bool
	readingStopped atomic.Bool

	in     reading
	out    writing
	peeker peeker
	// within is for the TLS above, if there is any.
	within within
	// following is how many records the TLS above writes right after the next one.
	following atomic.Int32
}

// handle is what the runtime knows a socket by: a [net.TCPConn], or an [os.File] once the connection has rested.
type handle interface {
	io.Closer
	SyscallConn() (syscall.RawConn, error)
	SetDeadline(at time.Time) error
	SetReadDeadline(at time.Time) error
	SetWriteDeadline(at time.Time) error
}

// NewTCP returns the transport of a connection. A write that is not taken for writeStall fails. 0 is no bound.
func NewTCP(tcp *net.TCPConn, c Clock, writeStall time.Duration) (*TCP, error) {
	return newTCP(tcp, c, writeStall)
}

func newTCP(tcp handle, c Clock, writeStall time.Duration) (*TCP, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	t := &TCP{tcp: tcp, raw: raw, clock: c, writeStall: writeStall}
	// Bound once: a closure made at each call would be an allocation at each request.
	t.in.try, t.in.tryParked, t.in.tryExchange = t.in.read, t.in.readParked, t.in.exchange
	t.out.try, t.out.transport = t.out.write, t
	t.peeker.look, t.peeker.ask = t.peeker.control, t.peeker.count
	return t, nil
}

// StallAfter implements Carrier.
func (t *TCP) StallAfter(d time.Duration) {
	t.readStall, t.expiring, t.armed = d, false, false
	t.armRead()
	t.armed = true
}

// StallWritesAfter makes a write fail that is not taken for that long. 0 is no bound.
func (t *TCP) StallWritesAfter(d time.Duration) { t.writeStall = d }

// WriteWithoutWaiting makes each write from now on fail if it would have to wait.
func (t *TCP) WriteWithoutWaiting() { t.out.impatient = true }

// BoundWait bounds the Read that is waiting. Another goroutine may call it.
func (t *TCP) BoundWait(d time.Duration) { _ = t.tcp.SetReadDeadline(time.Now().Add(d)) }

// ExpireAfter implements Carrier.
func (t *TCP) ExpireAfter(d time.Duration) {
	t.expiring = true
	t.setReadDeadline(d, t.clock.Now()+d)
}

func (t *TCP) setReadDeadline(d, at time.Duration) {
	if d == 0 {
		t.readAt = 0
		_ = t.tcp.SetReadDeadline(time.Time{})
	} else {
		t.readAt = at
		_ = t.tcp.SetReadDeadline(t.clock.Start.Add(at))
	}
	if t.readingStopped.Load() { // StopReading may have come in between.
		_ = t.tcp.SetReadDeadline(longAgo)
	}
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// armRead sets the deadline before a read, if it has to be moved and StallAfter has not just set it.
func (t *TCP) armRead() {
	if t.armed || t.expiring {
		t.armed = false
		return
	}
	if t.readStall == 0 {
		if t.readAt != 0 {
			t.setReadDeadline(0, 0)
		}
		return
	}
	at := t.clock.Now() + t.readStall
	if t.readAt == 0 || t.readAt > at || at-t.readAt > min(time.Second, t.readStall/4) {
		t.setReadDeadline(t.readStall, at)
	}
}

// reading is a read in progress.
type reading struct {
	buf []byte
	n   int
	err error
	// buffers and size say where a parked read gets its buffer. got takes the bytes.
	buffers *buffer.Pool
	size    int
	got     func(buf []byte, n int) bool
	// request is what an exchange sends first. sent is how much of it was sent.
	request []byte
	sent    int
	// impatient makes a read that would have to wait fail with EAGAIN.
	impatient bool

	try, tryParked, tryExchange func(fd uintptr) bool
}

// Read implements Carrier.
func (t *TCP) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	t.armRead()
	r := &t.in
	r.buf = p
	err := t.raw.Read(r.try)
	r.buf = nil
	return r.result(err)
}

// ReadParked implements Carrier.
func (t *TCP) ReadParked(buffers *buffer.Pool, size int, got func(buf []byte, n int) bool) error {
	t.armRead()
	r := &t.in
	r.buffers, r.size, r.got = buffers, size, got
	err := t.raw.Read(r.tryParked)
	_, err = r.result(err)
	return err
}

// Exchange sends a request, and reads the first bytes of the answer into p.
func (t *TCP) Exchange(request, p []byte) (sent, n int, err error) {
	t.armRead()
	r := &t.in
	r.request, r.sent, r.buf = request, 0, p
	err = t.raw.Read(r.tryExchange)
	sent = r.sent
	r.request, r.buf = nil, nil
	n, err = r.result(err)
	return sent, n, err
}

// result returns the result of a read, and resets it.
func (r *reading) result(err error) (int, error) {
	n := r.n
	if err == nil {
		err = r.err
	}
	r.n, r.err, r.got = 0, nil, nil
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// The functions from here to exchange get the connection's descriptor when it may be readable. They return false to be
// called again when it is.

func (r *reading) read(fd uintptr) bool {
	for {
		n, errno := rawRead(fd, r.buf)
		switch errno {
		case 0:
			r.n, r.err = n, nil
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			if !r.impatient {
				return false
			}
			fallthrough
		default:
			r.n, r.err = 0, errno
			return true
		}
	}
}

// readParked serves what arrives from within the wait for more. This saves a read that would only find that there is no
// more yet: the runtime remembers what arrives meanwhile, and the next wait ends at once. Only a read that filled its
// buffer may have left bytes of which nobody is told again.
func (r *reading) readParked(fd uintptr) bool {
	for {
		r.buf = r.buffers.Get(r.size)
		buf := r.buf
		done := r.read(fd)
		r.buf = nil
		if !done || r.n == 0 {
			r.buffers.Put(buf)
			return done
		}
		n := r.n
		if !r.got(buf, n) {
			return true
		}
		if n < len(buf) {
			return false
		}
	}
}

// exchange sends a request and then waits at once, without a read that would only find that there is no answer yet. The
// runtime already listens for bytes when it calls exchange, so the answer cannot be missed.
func (r *reading) exchange(fd uintptr) bool {
	if r.sent == len(r.request) {
		return r.read(fd)
	}
	for r.sent < len(r.request) {
		n, errno := rawWrite(fd, r.request[r.sent:])
		switch errno {
		case 0:
			r.sent += n
		case syscall.EINTR:
		default: // including EAGAIN: another call waits until the rest can be sent
			r.err = errno
			return true
		}
	}
	return false
}

// writing is a write in progress.
type writing struct {
	transport *TCP
	p         []byte
	n         int
	err       error
	// waited is set while there is a deadline.
	waited bool
	// impatient makes a write that would have to wait fail with EAGAIN.
	impatient bool
	// send writes a part.
	send func(fd uintptr, p []byte) (int, syscall.Errno)
	try  func(fd uintptr) bool
}

// Write implements Carrier. It returns early only if not one byte was taken for the stall time.
func (t *TCP) Write(p []byte) (int, error) { return t.write(p, rawWrite) }

// writeMore is Write for bytes that more bytes follow at once.
func (t *TCP) writeMore(p []byte) (int, error) { return t.write(p, rawWriteMore) }

func (t *TCP) write(p []byte, send func(fd uintptr, p []byte) (int, syscall.Errno)) (int, error) {
	w := &t.out
	w.p, w.n, w.err, w.send = p, 0, nil, send
	for {
		before := w.n
		err := t.raw.Write(w.try)
		if w.waited {
			w.waited = false
			_ = t.tcp.SetWriteDeadline(time.Time{})
		}
		if err == nil {
			err = w.err
		}
		if err == nil || w.n == before || !errors.Is(err, os.ErrDeadlineExceeded) {
			w.p = nil
			return w.n, err
		}
	}
}

func (w *writing) write(fd uintptr) bool {
	for w.n < len(w.p) {
		n, errno := w.send(fd, w.p[w.n:])
		switch errno {
		case 0:
			w.n += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			if w.impatient {
				w.err = errno
				return true
			}
			if d := w.transport.writeStall; d > 0 {
				w.waited = true
				_ = w.transport.tcp.SetWriteDeadline(time.Now().Add(d))
			}
			return false
		default:
			w.err = errno
			return true
		}
	}
	return true
}

// RemoteAddr returns the peer's address. A connection that has rested knows none any more.
func (t *TCP) RemoteAddr() net.Addr {
	if c, ok := t.tcp.(*net.TCPConn); ok {
		return c.RemoteAddr()
	}
	return &net.TCPAddr{}
}

// LocalAddr returns our address. A connection that has rested knows none any more.
func (t *TCP) LocalAddr() net.Addr {
	if c, ok := t.tcp.(*net.TCPConn); ok {
		return c.LocalAddr()
	}
	return &net.TCPAddr{}
}

// CloseWrite implements Carrier.
func (t *TCP) CloseWrite() error {
	if c, ok := t.tcp.(*net.TCPConn); ok {
		return c.CloseWrite()
	}
	return t.shutdown()
}

// Close implements Carrier.
func (t *TCP) Close() error { return t.tcp.Close() }

// Reset closes the connection so that the peer cannot take it for the orderly end of a message.
func (t *TCP) Reset() {
	if c, ok := t.tcp.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	} else {
		t.dropUnsent()
	}
	_ = t.tcp.Close()
}

// StopReading makes the running Read and all later ones fail with os.ErrDeadlineExceeded.
func (t *TCP) StopReading() {
	t.readingStopped.Store(true)
	_ = t.tcp.SetReadDeadline(longAgo)
}

// ResumeReading undoes StopReading, once no Read is running.
func (t *TCP) ResumeReading() {
	t.readingStopped.Store(false)
	t.readAt = 0
	_ = t.tcp.SetReadDeadline(time.Time{})
}

// Interrupt makes a Read that waits fail with os.ErrDeadlineExceeded if nothing has arrived, until Restore.
func (t *TCP) Interrupt() { _ = t.tcp.SetReadDeadline(longAgo) }

// Restore undoes Interrupt: the next Read goes on with the deadline that was set before.
func (t *TCP) Restore() { t.WaitUntil(t.readAt) }

// WaitsUntil returns when the Read that waits fails, by the clock, or 0.
func (t *TCP) WaitsUntil() time.Duration { return t.readAt }

// WaitUntil makes the next Read fail at a time of the clock. 0 is never.
func (t *TCP) WaitUntil(at time.Duration) {
	day := time.Time{}
	if at != 0 {
		day = t.clock.Start.Add(at)
	}
	t.readAt = at
	_ = t.tcp.SetReadDeadline(day)
	t.armed = true
}

// peeker looks at a connection without waiting and without taking anything from it.
type peeker struct {
	peek           [1]byte
	quiet          bool
	unacknowledged int
	look, ask      func(fd uintptr)
}

// Idle returns whether nothing has arrived, not even the end of the connection.
func (t *TCP) Idle() bool {
	t.peeker.quiet = false
	_ = t.raw.Control(t.peeker.look)
	return t.peeker.quiet
}

func (p *peeker) control(fd uintptr) {
	_, errno := rawPeek(fd, p.peek[:])
	p.quiet = errno == syscall.EAGAIN
}

// Unheard returns whether the peer's TCP did not have everything that was written when it sent the last segment that
// arrived here. Each segment says what it acknowledges (RFC 9293, section 3.4).
func (t *TCP) Unheard() bool {
	t.peeker.unacknowledged = 0
	_ = t.raw.Control(t.peeker.ask)
	return t.peeker.unacknowledged > 0
}

func (p *peeker) count(fd uintptr) { p.unacknowledged, _ = rawUnacknowledged(fd) }
