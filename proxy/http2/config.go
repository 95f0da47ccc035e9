// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"io"
	"time"
)

// Config is what all the connections of a listener have in common.
type Config struct {
	Limits  Limits
	Buffers Buffers
	// Share gives a connection its share of the memory for heads. It is nil where they may take any.
	Share func(Holder) Share
	// Idle bounds how long a connection without a stream is kept. Read bounds the arrival of a frame or header block that
	// has begun while no stream is open, and each wait for a request's content; Write each wait for the client to take
	// something of a response. 0 is no bound.
	Idle, Read, Write time.Duration
	// Now is the time since some beginning.
	Now func() time.Duration
}

// Limits bound what a client can make a connection hold or look at.
type Limits struct {
	// HeadBytes bounds a head, each field counted as its name, its value and 32 bytes (RFC 9113, section 6.5.2).
	HeadBytes int
	// LineBytes bounds each field, and the target.
	LineBytes int
	// Fields bounds the number of fields in a head, where two pieces of a cookie are one, and again in the trailers.
	Fields int
}

// The limits that have no setting.
const (
	// maxStreams is how many streams a client may have open at once. Those that were reset count until the work on them
	// has ended.
	maxStreams = 128
	// streamWindow is how much content of one request waits here for whoever reads it, connectionWindow that of all. A
	// client that is 50 ms away can send 5 MB/s on one stream.
	streamWindow     = 256 << 10
	connectionWindow = 1 << 20
	// flushAt is how much is gathered before it is sent, which is also where streams begin to wait for those who send:
	// three TLS records (RFC 8446, section 5.1). Heads may come on top.
	flushAt = 48 << 10
	// leastRoom is the room below which a frame of content waits for the next time.
	leastRoom = 1 << 10
	// maxControls bounds the answers to frames (SETTINGS, PING, RST_STREAM) that wait to be sent.
	maxControls = 1000
	// maxContinuations bounds the frames of one header block. A client whose frames are as long as they may be needs two
	// for the longest head that is allowed by default.
	maxContinuations = 16
)

// Buffers lends buffers.
type Buffers interface {
	// Get returns a buffer of at least n bytes, whole (len equals cap); Put takes it back.
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
	// ExpireAfter bounds how long all the Reads from now on may take together, until StallAfter is called. 0 is no bound.
	ExpireAfter(d time.Duration)
	// Park waits until there are bytes, holding no buffer meanwhile, and returns them in one that it got of at least size
	// bytes.
	Park(size int) (buf []byte, n int, err error)
	// StopReading makes the Read or Park that waits, and all later ones, fail with os.ErrDeadlineExceeded until
	// ResumeReading. It may be called from any goroutine.
	StopReading()
	ResumeReading()
}

// Handler serves the requests of a connection.
type Handler interface {
	// Begin is called by the goroutine that reads, for each request in its order. It must not block.
	Begin(s *Stream) Exchange
}

// Exchange is the work on one stream.
type Exchange interface {
	// Serve answers the request, on a goroutine of its own.
	Serve()
	// Abort says that the client wants no answer any more. It may be called from any goroutine, before Serve begins and
	// after it has returned too, must not block and must not call the stream.
	Abort()
	// Release is called once Serve has returned. Nothing is called after it. It must not call the stream either.
	Release()
}
