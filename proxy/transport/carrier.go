// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"io"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// Carrier is TCP, or TLS over it. One goroutine may read while another writes.
type Carrier interface {
	Side
	io.Reader
	// ExpireAfter bounds how long all Reads from now on may take together, until StallAfter is called. 0 is no bound.
	ExpireAfter(d time.Duration)
}

// Side is one of the two sides that a tunnel connects: a stream, or a part of one.
type Side interface {
	io.Writer
	// ReadParked waits until there are bytes, and only then gets a buffer of at least size bytes from buffers. It reads
	// into that and calls got with the buffer, which got then owns, and the number of bytes. While got returns true, it
	// goes on waiting. got may write to the stream and set its times, but may neither read from it nor close it.
	ReadParked(buffers *buffer.Pool, size int, got func(buf []byte, n int) (again bool)) error
	// StallAfter bounds how long a read may wait for its first byte. 0 is no bound.
	StallAfter(d time.Duration)
	// CloseWrite tells the peer that no more will be sent.
	CloseWrite() error
	// Close ends both directions. Any goroutine may call it. It may wait until the bytes of a ReadParked were dealt with.
	Close() error
}

// The names of HTTP/2, HTTP/1.1 and HTTP/1.0 in a handshake (RFC 9113, section 3.2; RFC 7301, section 6).
const (
	ProtocolHTTP2  = "h2"
	ProtocolHTTP1  = "http/1.1"
	ProtocolHTTP10 = "http/1.0"
)
