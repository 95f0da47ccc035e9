// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"

	"github.com/warren-dev/ingress/proxy/message"
)

// malformedStatus is the status of those refusals that are the client's fault, and therefore stream errors as well (RFC
// 9113, section 8.1.1).
const malformedStatus = 400

// The refusals. Each value is made once, so that a refusal allocates nothing.
var (
	errMethod          = refuse(400, ":method is missing or not a token (RFC 9113, section 8.3.1)")
	errScheme          = refuse(400, ":scheme is neither http nor https (RFC 9113, section 8.3.1)")
	errPath            = refuse(400, ":path is not a path that begins with a slash, with an optional query (RFC 9113, section 8.3.1)")
	errPathLong        = refuse(414, ":path is too long")
	errConnect         = refuse(501, "CONNECT is served for the protocol websocket alone (RFC 8441)")
	errProtocol        = refuse(400, ":protocol is no token, or the method is not CONNECT (RFC 8441, section 4)")
	errAuthority       = refuse(400, "neither :authority nor Host is there, or it is not a host with an optional port (RFC 9113, section 8.3.1)")
	errHostDiffers     = refuse(400, "Host differs from :authority (RFC 9113, section 8.3.1)")
	errHostMany        = refuse(400, "the request has several Hosts (RFC 9112, section 3.2)")
	errPseudoTwice     = refuse(400, "a pseudo-header occurs several times (RFC 9113, section 8.3)")
	errPseudoLate      = refuse(400, "a pseudo-header stands behind a field (RFC 9113, section 8.3)")
	errPseudoUnknown   = refuse(400, "a pseudo-header is not one of a request (RFC 9113, section 8.3)")
	errPseudoTrailer   = refuse(400, "a pseudo-header is among the trailers (RFC 9113, section 8.1)")
	errFieldName       = refuse(400, "a field's name is not a token in lower case (RFC 9113, section 8.2)")
	errFieldValue      = refuse(400, "a field's value has CR, LF or NUL (RFC 9113, section 8.2.1)")
	errConnectionField = refuse(400, "a field is there that concerns a connection of HTTP/1.1 (RFC 9113, section 8.2.2)")
	errTE              = refuse(400, "TE is something other than trailers (RFC 9113, section 8.2.2)")
	errLength          = refuse(400, "Content-Length is not a plain decimal number, once (RFC 9110, section 8.6)")
	errTunnelLength    = refuse(400, "Content-Length is there where a tunnel is asked for (RFC 9110, section 9.3.6)")
	errLengthDiffers   = refuse(400, "the content is not as long as Content-Length says (RFC 9113, section 8.1.1)")
	errTrailersNotLast = refuse(400, "a header block within the content does not end the stream (RFC 9113, section 8.1)")
	errDependsOnItself = refuse(400, "the stream depends on itself (RFC 7540, section 5.3.1)")
	errHeadLong        = refuse(431, "the head is too long")
	errFieldLong       = refuse(431, "a field is too long")
	errFieldsMany      = refuse(431, "there are too many fields")
)

func refuse(status int, detail string) *message.Error {
	return &message.Error{Status: status, Detail: detail}
}

// finish finds out what the head as a whole means. end is set if no content follows. It returns why the request cannot
// be served, nil if it can.
func (h *headReader) finish(end bool) *message.Error {
	h.finishTarget()
	h.finishContent(end)
	h.finishConnect()
	h.joinCookies()
	r := h.request
	if h.fills() {
		h.lent = nil // The stream gives it back.
	}
	h.settle(&r.Method, &r.Authority, &r.Path, &r.Query)
	r.Fields = h.fields
	return h.refused
}

func (h *headReader) finishTarget() {
	req := h.request
	switch {
	case !message.IsToken(req.Method):
		h.refuse(errMethod)
		return
	case h.protocol != nil && (string(req.Method) != "CONNECT" || !message.IsToken(h.protocol)):
		h.refuse(errProtocol)
		return
	case string(req.Method) == "CONNECT" && !message.EqualFold(h.protocol, webSocket):
		h.refuse(errConnect)
		return
	case !message.EqualFold(h.scheme, "http") && !message.EqualFold(h.scheme, "https"):
		h.refuse(errScheme)
		return
	case len(h.path) > h.limits.LineBytes:
		h.refuse(errPathLong)
		return
	}
	path := h.path
	asterisk := string(path) == "*" && string(req.Method) == "OPTIONS"
	if len(path) == 0 || path[0] != '/' && !asterisk || !message.IsTarget(path) {
		h.refuse(errPath)
		return
	}
	if q := bytes.IndexByte(path, '?'); q >= 0 {
		req.Path, req.Query = path[:q:q], path[q:]
	} else {
		req.Path = path
	}
	switch {
	case h.hosts > 1:
		h.refuse(errHostMany)
	case h.hasAuthority && h.hosts == 1 && !message.SameName(req.Authority, h.host):
		h.refuse(errHostDiffers)
	case !h.hasAuthority:
		req.Authority = h.host
	}
	if len(req.Authority) == 0 || !message.IsAuthority(req.Authority) {
		h.refuse(errAuthority)
	}
}

func (h *headReader) finishContent(end bool) {
	req := h.request
	req.ContentLength, req.SaysEmpty = h.length, h.length == 0
	if end {
		if h.length > 0 {
			h.refuse(errLengthDiffers)
		}
		req.ContentLength = 0
	}
	req.ExpectContinue = h.expects && req.ContentLength != 0
}

const webSocket = "websocket"

var (
	methodGet       = []byte("GET")
	upgradeToSocket = []byte(webSocket)
)

// finishConnect turns a CONNECT for a protocol into the request that it is in HTTP/1.1 (RFC 8441, section 5). What
// follows it is no content.
func (h *headReader) finishConnect() {
	if h.protocol == nil || h.refused != nil {
		return
	}
	if h.lengths > 0 {
		h.refuse(errTunnelLength)
		return
	}
	req := h.request
	req.Method, req.Upgrade = methodGet, upgradeToSocket
	req.ContentLength, req.ExpectContinue = 0, false
}

var cookieSeparator = []byte("; ")

// joinCookies makes one field of a cookie that came in pieces, so that servers of HTTP/1.1 understand it (RFC 9113,
// section 8.2.3).
func (h *headReader) joinCookies() {
	if len(h.cookie) == 0 || h.refused != nil {
		return
	}
	first, rest := &h.fields[h.firstCookie], h.cookie
	for len(first.Value) == 0 && bytes.HasPrefix(rest, cookieSeparator) {
		rest = rest[len(cookieSeparator):]
	}
	if need := len(h.arena) + len(first.Value) + len(rest); need > cap(h.arena) {
		h.grow(need)
	}
	begin := len(h.arena)
	h.arena = append(append(h.arena, first.Value...), rest...)
	first.Value = h.arena[begin:len(h.arena):len(h.arena)]
}
