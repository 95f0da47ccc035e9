// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

// headReader reads a request's head from a header block (RFC 9113, section 8.3.1).
type headReader struct {
	fieldReader
	// request is filled. It is nil if the block is decoded only to keep the table right.
	request      *message.Request
	scheme, path []byte
	protocol     []byte
	hasAuthority bool
	host         []byte
	hosts        int
	// cookies is how many pieces of a cookie came. firstCookie is the index of the first. cookie joins those after it.
	cookies, firstCookie int
	cookie               []byte
	expects              bool
	priority             priority
}

func (h *headReader) init(config *Config) { h.fieldReader.init(config, h.take) }

// begin prepares for a block. The caller sets the arena.
func (h *headReader) begin(req *message.Request) {
	*h = headReader{fieldReader: h.renewed(), request: req, priority: usualPriority, cookie: h.cookie[:0]}
	if req != nil {
		req.Reset()
		req.Version = message.HTTP2
		h.fields = req.Fields
	}
}

// end lets go of the request, whose memory belongs to its stream.
func (h *headReader) end() {
	h.giveBack()
	h.dropCookie()
	h.request, h.fields, h.arena = nil, nil, nil
	h.scheme, h.path, h.protocol, h.host = nil, nil, nil, nil
}

// take is called with each field of the block.
func (h *headReader) take(f hpack.HeaderField) {
	if h.request == nil || !h.fits(f) {
		return
	}
	switch pseudo, ok := h.isPseudo(f); {
	case !ok:
	case pseudo:
		h.takePseudo(f)
	default:
		h.takeField(f)
	}
}

// takePseudo takes one of the fields that stand for a request line (RFC 9113, section 8.3.1). It refuses a second one
// of the same name, and keeps only the first.
func (h *headReader) takePseudo(f hpack.HeaderField) {
	req := h.request
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
	begin := len(h.arena)
	field, ok := h.read(f)
	if !ok {
		return
	}
	switch field.Kind {
	case message.TE:
		// A TE that is not allowed could be passed on, and make the endpoint use another coding (RFC 9113, section 8.2.2).
		if !message.EqualFold(field.Value, "trailers") {
			h.refuse(errTE)
			return
		}
		h.request.AcceptsTrailers = true
	case message.Host:
		h.hosts++
		h.host = field.Value
	case message.Expect:
		h.expects = h.expects || message.EqualFold(field.Value, "100-continue")
	case message.Other:
		switch string(field.Name) {
		case "cookie":
			h.takeCookie(field, begin)
			return
		case "priority":
			h.priority = parsePriority(field.Value)
		}
	}
	h.add(field)
}

// takeCookie takes a cookie, or a piece of one, which is in the arena from begin on. Browsers send each pair of a
// cookie as its own piece, and keep some 180 for a site. So two pieces count as one field.
func (h *headReader) takeCookie(field message.Field, begin int) {
	switch h.cookies++; {
	case h.trailers: // Among trailers it is no cookie.
		h.add(field)
	case h.cookies == 1:
		h.firstCookie = len(h.fields)
		h.add(field)
	case h.cookies%2 == 1 && !h.count():
	default:
		h.keepPiece(field.Value)
		h.arena = h.arena[:begin]
	}
}

// keepPiece appends a piece of a cookie to those after the first. A long cookie gathers in a buffer.
func (h *headReader) keepPiece(piece []byte) {
	if need := len(h.cookie) + len(cookieSeparator) + len(piece); need > cap(h.cookie) && need > maxKept {
		longer := h.buffers.Get(max(need, lentArena))
		n := copy(longer, h.cookie)
		h.dropCookie()
		h.cookie = longer[:n]
	}
	h.cookie = append(append(h.cookie, cookieSeparator...), piece...)
}

// dropCookie drops the joined pieces of a cookie, and gives back their memory if it is long.
func (h *headReader) dropCookie() {
	if h.cookie = h.cookie[:0]; cap(h.cookie) > maxKept {
		h.buffers.Put(h.cookie[:cap(h.cookie)])
		h.cookie = nil
	}
}
