// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"io"
	"math"

	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// content is the position of a reader in the content of the message whose head it parsed last.
type content struct {
	framing heads.Framing
	// ended is set once the last byte of the content, and its trailers, were consumed.
	ended bool
	// remaining is what is left of the length, or of the running chunk.
	remaining int64
	chunk     chunkState
	// digits and extension count the bytes of the running chunk-size line.
	digits, extension int
	// overhead is by how many bytes chunk extensions exceed data.
	overhead     int
	trailerBytes []byte
	trailers     []message.Field
	// broken is why the framing cannot be followed any further. It stays set: bytes after a fault mean nothing, even if
	// they look like the end of the content.
	broken error
	// surplus is set once bytes came after the last one where none may come.
	surplus bool
	limits  heads.Limits
}

// The refusals of chunks. Each value is made once, so that a refusal allocates nothing.
var (
	errChunkSize      = refuse(400, "a chunk's size is not a hexadecimal number below 2^63 (RFC 9112, section 7.1)")
	errChunkExtension = refuse(400, "a chunk's extensions are malformed or too long (RFC 9112, section 7.1.1)")
	errChunkEnd       = refuse(400, "a chunk's data is not followed by CRLF (RFC 9112, section 7.1)")
	errTrailersLong   = refuse(431, "the trailers are too long")
)

func refuse(status int, detail string) *message.Error {
	return &message.Error{Status: status, Detail: detail}
}

// maxExtension bounds by how many bytes chunk extensions may exceed data. Nobody is known to use any.
const maxExtension = 16 << 10

func (c *content) begin(how heads.Framing, length int64, lim heads.Limits) {
	*c = content{framing: how, remaining: max(length, 0), limits: lim, trailerBytes: c.trailerBytes[:0], trailers: c.trailers[:0]}
	c.ended = how == heads.FramedByNothing || how == heads.FramedByLength && length == 0
}

// Ended returns whether the content was read to its end.
func (c *content) Ended() bool { return c.ended }

// Trailers returns the trailer fields, once the content has ended.
func (c *content) Trailers() []message.Field { return c.trailers }

// Read reads content without its framing. It returns io.EOF as soon as it knows that nothing follows, perhaps along
// with the last bytes. It returns io.ErrUnexpectedEOF if the connection ended within the content, and a *message.Error
// if the framing is malformed. It may use all of p.
func (b *reader) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	if b.broken != nil {
		return 0, b.broken
	}
	if b.framing == heads.FramedByChunks {
		return b.readChunked(p)
	}
	// If nothing may follow the content, do not cut off the read at its end: what comes after it would wait in the socket,
	// and be taken for the answer to the next request.
	if b.framing == heads.FramedByLength && (!b.alone || b.Buffered()) {
		p = p[:min(int64(len(p)), b.remaining)]
	}
	n, err := b.readSome(p)
	if b.framing == heads.FramedByClose {
		b.ended = err == io.EOF
		return n, err
	}
	if int64(n) > b.remaining {
		b.surplus, n = true, int(b.remaining)
	}
	b.remaining -= int64(n)
	if b.remaining == 0 {
		b.ended = true
		return n, io.EOF
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// readSome reads what is buffered or, if there is nothing, from the network directly into p.
func (b *reader) readSome(p []byte) (int, error) {
	if b.Buffered() {
		n := copy(p, b.buf[b.r:b.w])
		if b.r += n; b.counted > 0 && b.base == 0 && b.r == b.w {
			b.releaseBuffer()
		}
		return n, nil
	}
	return b.transport.Read(p)
}

// skipBuffered drops the buffered content. It returns whether that was the rest of the content.
func (b *reader) skipBuffered() bool {
	for b.Buffered() && !b.ended {
		if b.framing == heads.FramedByChunks && b.chunk != chunkData {
			if b.scanChunk() != nil {
				return false
			}
			continue
		}
		n := int(min(int64(b.w-b.r), b.remaining))
		b.r += n
		if b.remaining -= int64(n); b.remaining > 0 {
			return false
		}
		if b.framing == heads.FramedByChunks {
			b.chunk = chunkDataCR
		} else {
			b.ended = true
		}
	}
	return b.ended
}

// chunkState is what the next byte of a chunked message is (RFC 9112, section 7.1).
type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkExtension
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	chunkTrailers
)

func (b *reader) readChunked(p []byte) (int, error) {
	// If something is buffered, return what it yields, even if that is no content: Read must not wait then.
	n, waits := 0, !b.Buffered()
	for n < len(p) {
		if !b.Buffered() && (n > 0 || !waits) {
			return n, nil
		}
		if b.chunk == chunkData {
			room := p[n:]
			m, err := b.readSome(room[:min(int64(len(room)), b.remaining)])
			n += m
			if b.remaining -= int64(m); b.remaining == 0 {
				b.chunk = chunkDataCR
			}
			if m == 0 && err != nil {
				return n, unexpected(err)
			}
			continue
		}
		if !b.Buffered() {
			if err := b.refill(); err != nil {
				return n, unexpected(err)
			}
		}
		if err := b.scanChunk(); err != nil {
			return n, err
		}
		if b.ended {
			return n, io.EOF
		}
	}
	// p is full. If the end is buffered too, say so now: this saves the caller a call.
	for b.chunk != chunkData && b.Buffered() && !b.ended {
		if err := b.scanChunk(); err != nil {
			return n, err
		}
	}
	if b.ended {
		return n, io.EOF
	}
	return n, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// scanChunk consumes buffered bytes up to data, the end of the content or the end of the buffer.
func (b *reader) scanChunk() error {
	if b.broken == nil {
		b.broken = b.scan()
	}
	return b.broken
}

func (b *reader) scan() error {
	for b.r < b.w && b.chunk != chunkData && !b.ended {
		c := b.buf[b.r]
		b.r++
		switch b.chunk {
		case chunkSize:
			if digit := hexDigit[c]; digit < 16 {
				// 2^63 and more is refused: software elsewhere that reads a signed number must not get a negative one.
				if b.digits++; b.digits > 16 || b.remaining > math.MaxInt64>>4 {
					return errChunkSize
				}
				b.remaining = b.remaining<<4 | int64(digit)
				continue
			}
			if b.digits == 0 {
				return errChunkSize
			}
			switch c {
			case '\r':
				b.chunk = chunkSizeLF
			case ';', ' ', '\t': // The grammar allows white space before an extension (BWS).
				b.chunk = chunkExtension
				b.extension = 1
				if c != ';' {
					b.extension = 0
				}
			default:
				return errChunkSize
			}
		case chunkExtension:
			if b.overhead++; b.overhead > min(maxExtension, b.limits.LineBytes) {
				return errChunkExtension
			}
			switch {
			case c == '\r' && (b.extension > 0 || b.alone):
				// Some servers pad a size to a fixed width. A request may not have that white space: it is in no grammar.
				b.chunk = chunkSizeLF
			case c == ';':
				b.extension++
			case c < ' ' && c != '\t', c == 0x7f, b.extension == 0 && c != ' ' && c != '\t':
				return errChunkExtension
			}
		case chunkSizeLF:
			if c != '\n' {
				return heads.ErrBareLF
			}
			// Data pays for extensions: a long upload with a few bytes of them in each chunk passes. A trickle of data with a
			// load of extensions does not.
			b.overhead -= int(min(int64(b.overhead), b.remaining))
			b.chunk = chunkData
			if b.remaining == 0 {
				b.chunk = chunkTrailers
			}
		case chunkDataCR:
			if c != '\r' {
				return errChunkEnd
			}
			b.chunk = chunkDataLF
		case chunkDataLF:
			if c != '\n' {
				return errChunkEnd
			}
			b.chunk, b.digits, b.remaining = chunkSize, 0, 0
		case chunkTrailers:
			if len(b.trailerBytes) == cap(b.trailerBytes) {
				if err := b.growTrailers(); err != nil {
					return err
				}
			}
			b.trailerBytes = append(b.trailerBytes, c)
			if c == '\n' {
				if err := b.endTrailerLine(); err != nil {
					return err
				}
			} else if len(b.trailerBytes) >= b.limits.HeadBytes {
				return errTrailersLong
			}
		}
	}
	return nil
}

// endTrailerLine checks the trailers after each complete line, and parses all of them at the empty line.
func (b *reader) endTrailerLine() error {
	t := b.trailerBytes
	if len(t) < 2 || t[len(t)-2] != '\r' {
		return heads.ErrBareLF
	}
	if len(t) > 2 && string(t[max(len(t)-4, 0):]) != "\r\n\r\n" {
		return nil
	}
	var err error
	if b.trailers, err = heads.ParseTrailers(b.trailers[:0], t, b.alone, b.limits); err != nil {
		return err
	}
	if !b.takeFields(b.trailers) {
		return errHeadMemory
	}
	for i := range b.trailers {
		message.DropFromTrailers(&b.trailers[i])
	}
	b.ended = true
	return nil
}

// hexDigit has the value of each hexadecimal digit, and 255 for other bytes.
var hexDigit = func() (table [256]uint8) {
	for i := range table {
		table[i] = 255
	}
	for i := range uint8(10) {
		table['0'+i] = i
	}
	for i := range uint8(6) {
		table['a'+i], table['A'+i] = 10+i, 10+i
	}
	return table
}()
