package http2

import (
	"errors"

	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

// headReader makes a request's head of a header block (RFC 9113, sections 8.2 and 8.3). What is wrong with it is remembered
// and the rest decoded all the same.
type headReader struct {
	limits  Limits
	decoder *hpack.Decoder
	// request is filled, its views into arena. It is nil where the block is decoded for the table's sake alone.
	request  *message.Request
	arena    []byte
	trailers bool
	refused  *message.Error
	// size is that of the list so far, fields their number, a cookie in pieces counted once.
	size, fields int
	// regular is set once a field came that is no pseudo-header.
	regular              bool
	scheme, path         []byte
	protocol             []byte
	hasAuthority         bool
	host                 []byte
	hosts                int
	cookies, firstCookie int
	length               int64
	lengths              int
	expects              bool
	priority             priority
}

func (h *headReader) init(limits Limits) {
	h.limits = limits
	h.decoder = hpack.NewDecoder(defaultTable, h.take)
	// A string that is longer than any head leaves the table in a state that nobody knows.
	h.decoder.SetMaxStringLength(2 * limits.HeadBytes)
}

// begin makes ready for a block. The caller sets the arena.
func (h *headReader) begin(req *message.Request) {
	*h = headReader{limits: h.limits, decoder: h.decoder, request: req, length: message.UnknownLength, priority: usualPriority}
	if req != nil {
		req.Reset()
		req.Version = message.HTTP2
	}
}

func (h *headReader) decode(encoded []byte) error {
	_, err := h.decoder.Write(encoded)
	if err == nil {
		err = h.decoder.Close()
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hpack.ErrStringLength):
		return errBlockLong
	}
	return errCompression
}

func (h *headReader) refuse(err *message.Error) {
	if h.refused == nil {
		h.refused = err
	}
}

// usualArena is how many bytes the strings of most heads need.
const usualArena = 512

// keep copies a decoded string to where the request's views point.
func (h *headReader) keep(s string) []byte {
	if h.arena == nil {
		h.arena = make([]byte, 0, usualArena) // what is empty differs from what is not there
	}
	begin := len(h.arena)
	h.arena = append(h.arena, s...)
	return h.arena[begin:len(h.arena):len(h.arena)]
}

// take is called with each field of the block.
func (h *headReader) take(f hpack.HeaderField) {
	if h.request == nil {
		return
	}
	// Beyond the limit nothing is kept (RFC 9113, section 10.5.1).
	if h.size += len(f.Name) + len(f.Value) + 32; h.size > h.limits.HeadBytes {
		h.refuse(errHeadLong)
		return
	}
	if len(f.Name) > 0 && f.Name[0] == ':' {
		h.takePseudo(f)
		return
	}
	h.regular = true
	h.takeField(f)
}

// takePseudo takes one of the fields that stand for a request line (RFC 9113, section 8.3.1). What it may not be it does not
// become: later ones are refused, and nothing but the first is kept.
func (h *headReader) takePseudo(f hpack.HeaderField) {
	req := h.request
	switch {
	case h.trailers:
		h.refuse(errPseudoTrailer)
		return
	case h.regular:
		h.refuse(errPseudoLate)
		return
	}
	to := (*[]byte)(nil)
	switch f.Name {
	case ":method":
		to = &req.Method
	case ":scheme":
		to = &h.scheme
	case ":path":
		to = &h.path
	case ":protocol":
		to = &h.protocol
	case ":authority":
		to = &req.Authority
		if h.hasAuthority {
			h.refuse(errPseudoTwice)
			return
		}
		h.hasAuthority = true
	default:
		h.refuse(errPseudoUnknown)
		return
	}
	if *to != nil {
		h.refuse(errPseudoTwice)
		return
	}
	*to = h.keep(f.Value)
}

// takeField takes a header or trailer field.
func (h *headReader) takeField(f hpack.HeaderField) {
	if len(f.Name)+len(f.Value) > h.limits.LineBytes {
		h.refuse(errFieldLong)
		return
	}
	name, value := h.keep(f.Name), h.keep(f.Value)
	if !isLowerToken(name) {
		h.refuse(errFieldName)
		return
	}
	if !message.IsValue(value) || len(message.TrimSpace(value)) != len(value) {
		h.refuse(errFieldValue)
		return
	}
	kind := message.KindOf(name)
	isCookie := kind == message.Other && len(name) == len("cookie") && string(name) == "cookie"
	if !isCookie || h.cookies == 0 {
		if h.fields++; h.fields > h.limits.Fields {
			h.refuse(errFieldsMany)
			return
		}
	}
	req := h.request
	switch kind {
	case message.Connection, message.KeepAlive, message.ProxyConnection, message.TransferEncoding, message.Upgrade:
		h.refuse(errConnectionField)
		return
	case message.TE:
		// One that is not allowed could be passed on and make the endpoint use another coding (RFC 9113, section 8.2.2).
		if !message.EqualFold(value, "trailers") {
			h.refuse(errTE)
			return
		}
		req.AcceptsTrailers = true
	case message.Host:
		h.hosts++
		h.host = value
	case message.ContentLength:
		n, ok := message.ParseLength(value)
		if !ok || h.lengths > 0 {
			h.refuse(errLength)
			return
		}
		h.length = n
		h.lengths++
	case message.Expect:
		h.expects = h.expects || message.EqualFold(value, "100-continue")
	}
	if h.trailers {
		kind = h.trailerKind(kind)
	}
	switch {
	case isCookie:
		if h.cookies == 0 {
			h.firstCookie = len(req.Fields)
		}
		h.cookies++
	case len(name) == len("priority") && string(name) == "priority":
		h.priority = parsePriority(value)
	}
	req.Fields = append(req.Fields, message.Field{Name: name, Value: value, Kind: kind})
}

// trailerKind refuses what would frame the message or name its host, and drops what says who the client is: that was settled
// with the head (RFC 9110, section 6.5.1).
func (h *headReader) trailerKind(k message.Kind) message.Kind {
	switch k {
	case message.ContentLength, message.Host, message.TE, message.Expect:
		h.refuse(errTrailerField)
	case message.XForwardedFor, message.XForwardedHost, message.XForwardedPort, message.XForwardedProto,
		message.XRealIP, message.Forwarded:
		return message.Dropped
	}
	return k
}

// isLowerToken says whether b is a token without upper-case letters (RFC 9113, section 8.2).
func isLowerToken(b []byte) bool {
	for _, c := range b {
		if !message.IsTokenByte(c) || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return len(b) > 0
}
