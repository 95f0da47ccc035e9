package proxy

import "github.com/warren-dev/ingress/proxy/buffer"

// parked is a stream as HTTP/2 wants it: it waits without memory.
type parked struct {
	byteStream
	below   *transport
	buffers *buffer.Pool
	buf     []byte
	n       int
	got     func(buf []byte, n int) (again bool)
}

// newParked returns a stream that is below, or TLS over it.
func newParked(stream byteStream, below *transport, buffers *buffer.Pool) *parked {
	t := &parked{byteStream: stream, below: below, buffers: buffers}
	t.got = t.take // bound once, or it would be allocated for each wait
	return t
}

func (t *parked) take(buf []byte, n int) (again bool) {
	t.buf, t.n = buf, n
	return false
}

// Park implements http2.Transport.
func (t *parked) Park(size int) (buf []byte, n int, err error) {
	err = t.ReadParked(t.buffers, size, t.got)
	buf, n = t.buf, t.n
	t.buf, t.n = nil, 0
	if n > 0 {
		err = nil
	}
	return buf, n, err
}

// StopReading implements http2.Transport.
func (t *parked) StopReading() { t.below.stopReading() }

// ResumeReading implements http2.Transport.
func (t *parked) ResumeReading() { t.below.resumeReading() }
