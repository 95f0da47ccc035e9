// SPDX-License-Identifier: Apache-2.0

package transport

import "github.com/warren-dev/ingress/proxy/buffer"

// Parked is a stream as HTTP/2 needs it: it waits without memory.
type Parked struct {
	Carrier
	below   *TCP
	buffers *buffer.Pool
	buf     []byte
	n       int
	got     func(buf []byte, n int) (again bool)
}

// NewParked returns a Parked of a stream. below is that stream, or what carries it if it is TLS.
func NewParked(carrier Carrier, below *TCP, buffers *buffer.Pool) *Parked {
	t := &Parked{Carrier: carrier, below: below, buffers: buffers}
	t.got = t.take // bound once; otherwise each wait would allocate it
	return t
}

func (t *Parked) take(buf []byte, n int) (again bool) {
	t.buf, t.n = buf, n
	return false
}

// Park implements http2.Transport.
func (t *Parked) Park(size int) (buf []byte, n int, err error) {
	err = t.ReadParked(t.buffers, size, t.got)
	buf, n = t.buf, t.n
	t.buf, t.n = nil, 0
	if n > 0 {
		err = nil
	}
	return buf, n, err
}

// StopReading implements http2.Transport.
func (t *Parked) StopReading() { t.below.StopReading() }

// ResumeReading implements http2.Transport.
func (t *Parked) ResumeReading() { t.below.ResumeReading() }
