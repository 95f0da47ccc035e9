// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

// The reasons why a response cannot be understood, besides those for which a request may be refused.
var (
	errStatus             = refuse(502, ":status is not three digits, once, or is 101 (RFC 9113, sections 8.3.2 and 8.6)")
	errInformationalEnd   = refuse(502, "an informational response ends the stream (RFC 9113, section 8.1)")
	errInformationalsMany = refuse(502, "more informational responses than anybody needs")
	errHeadsMany          = refuse(502, "the heads of the endpoint's responses take more memory than there is for them")
	errNoHead             = refuse(502, "content comes without a head (RFC 9113, section 8.1)")
	errPseudoResponse     = refuse(502, "a pseudo-header is not one of a response (RFC 9113, section 8.3)")
)

// responseHead is a response's head, or its trailers, and the memory that its views point into.
type responseHead struct {
	message.Response
	arena []byte
}

// release ends the views. It keeps the memory for another head, unless it is long.
func (h *responseHead) release() {
	h.Response.Reset()
	if h.arena = h.arena[:0]; cap(h.arena) > maxKept {
		h.arena = nil
	}
	if cap(h.Fields) > keptFields {
		h.Fields = nil
	}
}

// size returns how many bytes the head's memory has.
func (h *responseHead) size() int { return cap(h.arena) + cap(h.Fields)*fieldSize }

// responseReader reads a response's head from a header block (RFC 9113, section 8.3.2).
type responseReader struct {
	fieldReader
	// head is filled.
	head responseHead
	// unwanted is set if the block is decoded only to keep the table right.
	unwanted bool
	status   int
}

func (r *responseReader) init(config *Config) { r.fieldReader.init(config, r.take) }

// begin prepares for a block, of trailers or not.
func (r *responseReader) begin(wanted, trailers bool) {
	r.fieldReader = r.renewed()
	r.head.release()
	r.fields, r.arena = r.head.Fields, r.head.arena
	r.unwanted, r.trailers, r.status = !wanted, trailers, 0
}

// take is called with each field of the block.
func (r *responseReader) take(f hpack.HeaderField) {
	if r.unwanted || !r.fits(f) {
		return
	}
	switch pseudo, ok := r.isPseudo(f); {
	case !ok:
	case pseudo && f.Name == ":status":
		r.takeStatus(f.Value)
	case pseudo:
		r.refuse(errPseudoResponse)
	default:
		r.takeField(f)
	}
}

func (r *responseReader) takeStatus(s string) {
	if r.status != 0 || len(s) != 3 || s[0] < '1' || s[0] > '9' || !isDigit(s[1]) || !isDigit(s[2]) {
		r.refuse(errStatus)
		return
	}
	r.status = int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0')
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (r *responseReader) takeField(f hpack.HeaderField) {
	before := r.refused
	field, ok := r.read(f)
	switch {
	case !ok:
		if before == nil && r.refused != nil {
			r.refused = r.refused.In([]byte(f.Name))
		}
	case field.Kind == message.TE: // Only requests may have TE (RFC 9113, section 8.2.2).
		r.refuse(errConnectionField)
	default:
		r.add(field)
	}
}

// finish finds out what the head as a whole means. end is set if no content follows, bodiless if the request was a
// HEAD. It returns why the head cannot be understood, nil if it can.
func (r *responseReader) finish(end, bodiless bool) *message.Error {
	r.keepFields()
	resp := &r.head.Response
	resp.Version, resp.Status, resp.ContentLength = message.HTTP2, r.status, r.length
	resp.NoContent = r.status < 200 || r.status == 204 || r.status == 304 || bodiless
	switch {
	case r.status == 0 || r.status == 101:
		r.refuse(errStatus)
	case resp.Informational() && end:
		r.refuse(errInformationalEnd)
	case end && !resp.NoContent && r.length > 0:
		r.refuse(errLengthDiffers)
	}
	return r.refused
}

// finishTrailers keeps the trailers. It returns why they cannot be understood, nil if they can.
func (r *responseReader) finishTrailers() *message.Error {
	r.keepFields()
	return r.refused
}

func (r *responseReader) keepFields() {
	r.settle()
	r.head.Fields, r.head.arena = r.fields, r.arena
}

// end lets go of a head that was handed on.
func (r *responseReader) end() {
	r.giveBack()
	r.fields, r.arena = nil, nil
}
