// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"io"
	"syscall"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// parking is what a TLS needs while ReadParked waits.
type parking struct {
	buffers *buffer.Pool
	size    int
	got     func(buf []byte, n int) (again bool)
	// late is set once the rest of a record had to be waited for.
	late bool
	err  error
	try  func(fd uintptr) bool
}

// ReadParked implements Carrier. A read needs memory before it is known that there is something to read. So a first
// read takes one byte, and the rest of what arrived with that byte is then read into a buffer. Like that of TCP, it
// serves what arrives from within the wait for more.
func (t *TLS) ReadParked(buffers *buffer.Pool, size int, got func(buf []byte, n int) bool) error {
	p := &t.parking
	p.buffers, p.size, p.got, p.late, p.err = buffers, size, got, false, nil
	t.below.armRead()
	err := t.below.raw.Read(p.try)
	p.got = nil
	if err == nil {
		err = p.err
	}
	return err
}

// serveParked gets the connection's descriptor when it may be readable. It returns false to be called again when it is.
func (t *TLS) serveParked(fd uintptr) (done bool) {
	p, below := &t.parking, t.below
	below.within = within{reading: true, fd: fd}
	defer func() { below.within.reading = false }()
	for {
		n, err := t.Read(t.first[:])
		switch {
		case n > 0:
		case errors.Is(err, syscall.EAGAIN):
			t.boundRecord()
			return false
		default:
			p.err = err
			return true
		}
		if p.late {
			p.late = false
			below.StallAfter(below.readStall)
		}
		buf := p.buffers.Get(p.size)
		buf[0] = t.first[0]
		n, err = t.Read(buf[1:])
		if !p.got(buf, 1+n) {
			return true
		}
		// An error that lasts, as after close_notify, comes back from the next read. Nothing may arrive to wait for.
		lasts := err != nil && !errors.Is(err, syscall.EAGAIN)
		if below.within.dry && t.exhausted() && !lasts {
			return false // the usual case, without the allocations of a read by crypto/tls
		}
	}
}

// boundRecord bounds the arrival of the rest of a record that has begun: one that comes byte by byte must not begin the
// idle time anew with each byte.
func (t *TLS) boundRecord() {
	if !t.late && !t.tail.whole() {
		t.late = true
		t.below.ExpireAfter(t.recordTimeout)
	}
}

// within is how a TLS reads from within the wait of its TCP for more. A read that filled less than its buffer has taken
// all bytes that there were: the runtime remembers what arrives later, so the next read has to wait first. An end that
// arrived together with them shows when somebody looks at the connection, as the watch of idle ones does.
type within struct {
	reading bool
	fd      uintptr
	dry     bool
}

func (w *within) read(p []byte) (int, error) {
	for !w.dry {
		n, errno := rawRead(w.fd, p)
		switch {
		case errno == syscall.EINTR:
		case errno != 0:
			return 0, errno
		case n == 0:
			return 0, io.EOF
		default:
			w.dry = n < len(p)
			return n, nil
		}
	}
	return 0, syscall.EAGAIN
}
