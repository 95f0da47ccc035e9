// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"errors"

	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// fieldReader decodes header blocks, and accepts only fields that HTTP/1.1 can express too (RFC 9113, section 8.2). It
// remembers what is wrong with a block, and decodes the rest all the same. The readers of heads embed it.
type fieldReader struct {
	limits  Limits
	buffers Buffers
	decoder *hpack.Decoder
	// fields are what was read. They are views into arena.
	fields []message.Field
	arena  []byte
	// lent is a buffer in which a long block gathers. outgrown is the buffer before that, if it was too small. Whoever
	// settles the block gives both back, or keeps lent as it is.
	lent, outgrown []byte
	// trailers is set if the block comes after content.
	trailers bool
	refused  *message.Error
	// size is the size of the list so far. number is how many fields count against the limit.
	size, number int
	// regular is set once a field came that is no pseudo-header.
	regular bool
	length  int64
	lengths int
}

// init has take called with each decoded field.
func (r *fieldReader) init(config *Config, take func(hpack.HeaderField)) {
	limits := config.Limits
	r.limits, r.buffers = limits, config.Buffers
	r.decoder = hpack.NewDecoder(defaultTable, take)
	// A string that is longer than any head would leave the decoder's table in an unknown state.
	r.decoder.SetMaxStringLength(2 * limits.HeadBytes)
}

// renewed returns a reader for the next block, with the table that the last one left.
func (r *fieldReader) renewed() fieldReader {
	return fieldReader{limits: r.limits, buffers: r.buffers, decoder: r.decoder, length: message.UnknownLength}
}

func (r *fieldReader) decode(encoded []byte) error {
	_, err := r.decoder.Write(encoded)
	if err == nil {
		err = r.decoder.Close()
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hpack.ErrStringLength):
		return errBlockLong
	}
	return errCompression
}

func (r *fieldReader) refuse(err *message.Error) {
	if r.refused == nil {
		r.refused = err
	}
}

const (
	// usualArena is how many bytes the strings of most heads need.
	usualArena = 512
	// lentArena is the size of the buffer that the strings of a long head are lent until all have come.
	lentArena = buffer.Large
)

// keep copies a decoded string into the arena.
func (r *fieldReader) keep(s string) []byte {
	if need := len(r.arena) + len(s); need > cap(r.arena) || r.arena == nil { // An empty string must not become nil.
		r.grow(need)
	}
	begin := len(r.arena)
	r.arena = append(r.arena, s...)
	return r.arena[begin:len(r.arena):len(r.arena)]
}

// grow moves the arena to where there is room for need bytes in all. The strings of a long block gather in a lent
// buffer: an arena that grew with them would leave several times as much garbage as it has bytes.
func (r *fieldReader) grow(need int) {
	if need <= maxKept {
		size := usualArena
		for size < need {
			size *= 2
		}
		r.arena = append(make([]byte, 0, size), r.arena...)
		return
	}
	size := lentArena
	if need > size {
		size = max(need, min(2*cap(r.arena), r.limits.HeadBytes))
	}
	// Views into a buffer that was lent before stay valid until all is settled. Of several buffers, the first is the
	// pool's.
	if r.outgrown == nil {
		r.outgrown = r.lent
	}
	r.lent = r.buffers.Get(size)
	r.arena = append(r.lent[:0], r.arena...)
}

// fills returns whether the arena is lent and is full enough to be kept as it is: a copy of its content would take
// nearly as much.
func (r *fieldReader) fills() bool {
	return r.outgrown == nil && len(r.lent) == lentArena && len(r.arena) > lentArena*3/4
}

// giveBack gives back the lent buffers. No view may point into them any more.
func (r *fieldReader) giveBack() {
	for _, lent := range [...]*[]byte{&r.lent, &r.outgrown} {
		if *lent != nil {
			r.buffers.Put(*lent)
			*lent = nil
		}
	}
}

// settle moves what was read of a long block into an arena of exactly its size, and gives back the lent buffers. views
// are the views into the arena that are no fields.
func (r *fieldReader) settle(views ...*[]byte) {
	if r.lent == nil {
		return
	}
	size := 0
	for _, v := range views {
		size += len(*v)
	}
	for i := range r.fields {
		size += len(r.fields[i].Name) + len(r.fields[i].Value)
	}
	r.arena = make([]byte, 0, size)
	for _, v := range views {
		r.move(v)
	}
	for i := range r.fields {
		r.move(&r.fields[i].Name)
		r.move(&r.fields[i].Value)
	}
	r.giveBack()
}

// move makes a view point to a copy in the arena, which has room for it.
func (r *fieldReader) move(view *[]byte) {
	if *view == nil {
		return // Nil must not become empty.
	}
	begin := len(r.arena)
	r.arena = append(r.arena, *view...)
	*view = r.arena[begin:len(r.arena):len(r.arena)]
}

// fits returns whether there is room for a field. Beyond the limit nothing is kept (RFC 9113, section 10.5.1).
func (r *fieldReader) fits(f hpack.HeaderField) bool {
	if r.size += len(f.Name) + len(f.Value) + 32; r.size > r.limits.HeadBytes {
		if f.Name == ":path" {
			r.refuse(errPathLong)
		}
		r.refuse(errHeadLong)
		return false
	}
	return true
}

// isPseudo returns whether a field is one of those that stand for a first line (RFC 9113, section 8.3). ok is false if
// a pseudo-header comes where none may, which is refused.
func (r *fieldReader) isPseudo(f hpack.HeaderField) (pseudo, ok bool) {
	switch {
	case len(f.Name) == 0 || f.Name[0] != ':':
		r.regular = true
		return false, true
	case r.trailers:
		r.refuse(errPseudoTrailer)
	case r.regular:
		r.refuse(errPseudoLate)
	default:
		return true, true
	}
	return true, false
}

// read keeps a header or trailer field. It takes off the white space around the value, as HTTP/1.1 does (RFC 9110,
// section 5.5): RFC 9113, section 8.2.1, lets nobody send any, and some applications do. It returns false for a field
// that no message may have.
func (r *fieldReader) read(f hpack.HeaderField) (field message.Field, ok bool) {
	if len(f.Name)+len(f.Value) > r.limits.LineBytes {
		r.refuse(errFieldLong)
		return field, false
	}
	name, value := r.keep(f.Name), message.TrimSpace(r.keep(f.Value))
	if !isLowerToken(name) {
		r.refuse(errFieldName)
		return field, false
	}
	if !message.IsValue(value) {
		r.refuse(errFieldValue)
		return field, false
	}
	kind := message.KindOf(name)
	switch kind {
	case message.Connection, message.KeepAlive, message.ProxyConnection, message.TransferEncoding, message.Upgrade:
		r.refuse(errConnectionField)
		return field, false
	case message.ContentLength:
		if r.trailers {
			break
		}
		n, ok := message.ParseLength(value)
		if !ok || r.lengths > 0 {
			r.refuse(errLength)
			return field, false
		}
		r.length = n
		r.lengths++
	}
	field = message.Field{Name: name, Value: value, Kind: kind}
	if r.trailers {
		message.DropFromTrailers(&field)
	}
	return field, true
}

// add adds a field that was read, unless there are too many.
func (r *fieldReader) add(f message.Field) {
	if r.count() {
		r.fields = append(r.fields, f)
	}
}

// count counts a field. It returns false if there are too many.
func (r *fieldReader) count() bool {
	if r.number++; r.number > r.limits.Fields {
		r.refuse(errFieldsMany)
		return false
	}
	return true
}

// isLowerToken returns whether b is a token without upper-case letters (RFC 9113, section 8.2).
func isLowerToken(b []byte) bool {
	for _, c := range b {
		if !message.IsTokenByte(c) || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return len(b) > 0
}
