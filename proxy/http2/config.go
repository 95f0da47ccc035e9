// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"io"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// Config is what all the connections of a listener have in common.
type Config struct {
	Limits  Limits
	Buffers Buffers
	// Share returns a connection's share of the memory for heads. It is nil if heads may take any memory.
	Share func(Holder) Share
	// Idle bounds how long a connection without a stream is kept. Read bounds the arrival of a frame or header block that
	// has begun while no stream is open, and each wait for a request's content. Write bounds each wait for the client to
	// take a part of a response. 0 is no bound.
	Idle, Read, Write time.Duration
	// Rate is the least rate at which a client has to send and take content.
	Rate message.LeastRate
	// Now returns the time since some fixed moment.
	Now func() time.Duration
}

// Limits bound what a peer can make a connection hold or look at.
type Limits struct {
	// HeadBytes bounds a head. Each field counts as its name, its value and 32 bytes (RFC 9113, section 6.5.2).
	HeadBytes int
	// LineBytes bounds each field, and the target.
	LineBytes int
	// Fields bounds the number of fields in a head, and again in the trailers. Two pieces of a cookie count as one field.
	Fields int
}

// The limits that have no setting.
const (
	// maxStreams is how many streams a client may have open at once. A stream that was reset counts until the work on it
	// has ended.
	maxStreams = 128
	// streamWindow is how much content of one request waits here until it is read. connectionWindow is for all requests
	// together. A client that is 50 ms away can send 5 MB/s on one stream.
	streamWindow     = 256 << 10
	connectionWindow = 1 << 20
	// flushAt is how many bytes are gathered before they are sent. From there on streams wait until others have sent. It
	// is three TLS records (RFC 8446, section 5.1). Heads may exceed it.
	flushAt = 48 << 10
	// leastRoom is the least room for which a frame of content is made. With less, the content waits for the next time.
	leastRoom = 1 << 10
	// maxControls bounds the answers to frames (SETTINGS, PING, RST_STREAM) that wait to be sent.
	maxControls = 1000
	// maxContinuations bounds the frames of one header block. A client with frames of the maximum length needs two for the
	// longest head that is allowed by default.
	maxContinuations = 16
)

// Buffers lends buffers.
type Buffers interface {
	// Get returns a buffer of at least n bytes, with len equal to cap. Put takes it back.
	Get(n int) []byte
	Put(b []byte)
}

// Transport is the byte stream below a connection: TCP, or TLS over it.
type Transport interface {
	io.ReadWriteCloser
	// CloseWrite tells the peer that no more will be sent.
	CloseWrite() error
	// StallAfter bounds how long a Read may wait for its first byte. 0 is no bound.
	StallAfter(d time.Duration)
	// ExpireAfter bounds how long all Reads from now on may take together, until StallAfter is called. 0 is no bound.
	ExpireAfter(d time.Duration)
	// Park waits without a buffer until there are bytes. It returns them in a buffer of at least size bytes.
	Park(size int) (buf []byte, n int, err error)
	// StopReading makes the Read or Park that waits, and all later ones, fail with os.ErrDeadlineExceeded until
	// ResumeReading. Any goroutine may call it.
	StopReading()
	ResumeReading()
}

// Handler serves the requests of a connection.
type Handler interface {
	// Begin is called by the goroutine that reads, once for each request, in their order. It must not block.
	Begin(s *Stream) Exchange
}

// Exchange is the work on one stream.
type Exchange interface {
	// Serve answers the request, on a goroutine of its own.
	Serve()
	// Abort says that the client wants no answer any more. Any goroutine may call it, even before Serve begins and after
	// it has returned. It must neither block nor call the stream.
	Abort()
	// Release is called once Serve has returned. Nothing is called after it. It must not call the stream either.
	Release()
}
