// SPDX-License-Identifier: Apache-2.0

package heads

import (
	"bytes"
	"strconv"

	"github.com/warren-dev/ingress/proxy/message"
)

// ParseRequest fills req from a whole head. keepAlive is whether the client wants to keep the connection after the
// exchange. An error is a *message.Error.
func ParseRequest(req *message.Request, head []byte, lim Limits) (keepAlive bool, err error) {
	_, keepAlive, err = parseRequest(req, head, lim)
	return keepAlive, err
}

// WholeRequest is [RequestEnd] and [ParseRequest] in one step, which reads the head once. It returns the length of the
// head that b begins with. If b begins with no head that is whole and acceptable, it returns 0, and what it left in req
// means nothing: the two say then what is wrong.
func WholeRequest(req *message.Request, b []byte, lim Limits) (n int, keepAlive bool) {
	rest, keepAlive, err := parseRequest(req, b, lim)
	if n = len(b) - len(rest); err != nil || n > lim.HeadBytes {
		return 0, false
	}
	return n, keepAlive
}

// parseRequest parses the head that b begins with, and returns what follows it.
func parseRequest(req *message.Request, b []byte, lim Limits) (rest []byte, keepAlive bool, err error) {
	line, rest, err := cutLine(b, strictly)
	if err != nil {
		return nil, false, err
	}
	if len(line) > lim.LineBytes {
		return nil, false, errTargetLong
	}
	first, last := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if first <= 0 || last <= first+1 {
		return nil, false, errRequestLine
	}
	method, target, version := line[:first:first], line[first+1:last:last], line[last+1:]
	if !message.IsToken(method) {
		return nil, false, errMethod
	}
	if req.Version, err = parseVersion(version); err != nil {
		return nil, false, err
	}
	if !message.IsTarget(target) {
		return nil, false, errTarget
	}
	req.Method = method
	if req.Fields, rest, err = parseFields(req.Fields[:0], rest, strictly, lim); err != nil {
		return nil, false, err
	}
	sig, err := readSignals(req.Fields)
	if err != nil {
		return nil, false, err
	}
	switch {
	case sig.coding == codedIdentity, sig.coding == codedUnknown:
		return nil, false, errCoding
	case sig.coding == codedChunked && req.Version == message.HTTP10:
		return nil, false, errCodingVersion
	}
	if err := setTarget(req, target, &sig); err != nil {
		return nil, false, err
	}
	switch {
	case sig.coding == codedChunked:
		req.ContentLength = message.UnknownLength
	case sig.length > 0:
		req.ContentLength = sig.length
	default:
		req.ContentLength = 0
		req.SaysEmpty = sig.length == 0
	}
	if req.Version == message.HTTP10 {
		// Expect, Upgrade and TE mean nothing from a client of HTTP/1.0 (RFC 9110, sections 7.8 and 10.1.1).
		return rest, sig.keepAlive && !sig.closing, nil
	}
	req.AcceptsTrailers = sig.trailers
	req.ExpectContinue = sig.expect && req.ContentLength != 0
	req.Upgrade = sig.upgrade
	return rest, !sig.closing, nil
}

func parseVersion(b []byte) (message.Version, error) {
	switch string(b) {
	case "HTTP/1.1":
		return message.HTTP11, nil
	case "HTTP/1.0":
		return message.HTTP10, nil
	}
	if len(b) == len("HTTP/1.1") && bytes.HasPrefix(b, []byte("HTTP/")) && isDigit(b[5]) && b[6] == '.' && isDigit(b[7]) {
		if b[5] == '1' { // a higher minor version is understood as the one we know (RFC 9112, section 2.3)
			return message.HTTP11, nil
		}
		return 0, errVersion
	}
	return 0, errVersionSyntax
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// setTarget splits the request target, and finds out which host the request is for (RFC 9112, sections 3.2 and 3.3).
func setTarget(req *message.Request, target []byte, sig *signals) error {
	if string(req.Method) == "CONNECT" {
		return errConnect
	}
	if sig.hosts > 1 {
		return errHostMany
	}
	if sig.hosts == 0 && req.Version != message.HTTP10 {
		return errHostMissing
	}
	if !message.IsAuthority(sig.host) {
		return errHostSyntax
	}
	req.Authority = sig.host
	path := target
	switch {
	case target[0] == '/':
	case len(target) == 1 && target[0] == '*' && string(req.Method) == "OPTIONS":
	default:
		authority, rest, ok := cutAbsolute(target)
		if !ok {
			return errTargetForm
		}
		if len(authority) == 0 || !message.IsAuthority(authority) {
			return errHostSyntax
		}
		if sig.hosts == 1 && !message.SameName(authority, sig.host) {
			return errHostDiffers
		}
		req.Authority, path = authority, rest
		if len(rest) == 0 && string(req.Method) == "OPTIONS" { // the absolute form of "*" (RFC 9112, section 3.2.4)
			path = asterisk
		}
	}
	if q := bytes.IndexByte(path, '?'); q >= 0 {
		req.Path, req.Query = path[:q:q], path[q:]
	} else {
		req.Path = path
	}
	if len(req.Path) == 0 { // http://host?query (RFC 9112, section 3.2.1)
		req.Path = rootPath
	}
	return nil
}

var rootPath, asterisk = []byte("/"), []byte("*")

// cutAbsolute splits a target in absolute form into its authority and the rest.
func cutAbsolute(target []byte) (authority, rest []byte, ok bool) {
	switch {
	case len(target) > 7 && message.EqualFold(target[:7], "http://"):
		target = target[7:]
	case len(target) > 8 && message.EqualFold(target[:8], "https://"):
		target = target[8:]
	default:
		return nil, nil, false
	}
	end := bytes.IndexAny(target, "/?")
	if end < 0 {
		end = len(target)
	}
	return target[:end:end], target[end:], true
}

// FrameRequest returns the framing of a request's content. Without a sign of content there is none (RFC 9112, section
// 6.3).
func FrameRequest(req *message.Request) Framing {
	switch {
	case req.ContentLength > 0:
		return FramedByLength
	case req.ContentLength == message.UnknownLength:
		return FramedByChunks
	}
	return FramedByNothing
}

// AppendRequest appends req's head as HTTP/1.1. What was parsed is well-formed, so the caller only has to validate
// what it changed. The connection stays open afterwards unless either side says otherwise.
func AppendRequest(b []byte, req *message.Request) []byte {
	method := req.ToSend()
	b = append(b, method...)
	b = append(b, ' ')
	b = append(b, req.Path...)
	b = append(b, req.Query...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, req.Authority...)
	b = append(b, "\r\n"...)
	b = AppendFields(b, req.Fields)
	switch {
	case req.ContentLength > 0:
		b = appendContentLength(b, req.ContentLength)
	case req.ContentLength == message.UnknownLength:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case req.SaysEmpty, !contentIsUnusual(method):
		// After such a method a server may wait for content unless it is told that there is none (RFC 9110, section 8.6).
		b = appendContentLength(b, 0)
	}
	if req.ExpectContinue {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	switch {
	case len(req.Upgrade) > 0:
		b = append(b, "Connection: Upgrade\r\nUpgrade: "...)
		b = append(b, req.Upgrade...)
		b = append(b, "\r\n"...)
	case req.EndsConnection && req.AcceptsTrailers:
		b = append(b, "Connection: close, TE\r\nTE: trailers\r\n"...)
	case req.EndsConnection:
		b = append(b, "Connection: close\r\n"...)
	case req.AcceptsTrailers:
		b = append(b, "Connection: TE\r\nTE: trailers\r\n"...)
	}
	return append(b, "\r\n"...)
}

// contentIsUnusual returns whether requests with the method usually have no content.
func contentIsUnusual(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "DELETE", "OPTIONS", "TRACE":
		return true
	}
	return false
}

func appendContentLength(b []byte, n int64) []byte {
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, n, 10)
	return append(b, "\r\n"...)
}
