// SPDX-License-Identifier: Apache-2.0

package heads

import (
	"bytes"
	"strconv"

	"github.com/warren-dev/ingress/proxy/message"
)

// ParseResponse fills resp from the head that b begins with, which answers a request with method. It returns the
// head's length, how the content is framed (RFC 9112, section 6.3), and whether the server keeps the connection open
// afterwards. An error is a *message.Error.
func ParseResponse(resp *message.Response, b, method []byte, lim Limits) (n int, how Framing, keepAlive bool, err error) {
	rest, how, keepAlive, faulty, err := parseResponse(resp, b, method, lim)
	switch {
	case faulty:
		return 0, 0, false, inField(err, rest)
	case err != nil:
		return 0, 0, false, err
	}
	return len(b) - len(rest), how, keepAlive, nil
}

// WholeResponse is [ResponseEnd] and [ParseResponse] in one step, which reads the head once. It returns the length of
// the head that b begins with. If b begins with no head that is whole and acceptable, it returns 0, and what it left in
// resp means nothing: the two say then what is wrong.
func WholeResponse(resp *message.Response, b, method []byte, lim Limits) (n int, how Framing, keepAlive bool) {
	rest, how, keepAlive, _, err := parseResponse(resp, b, method, lim)
	if n = len(b) - len(rest); err != nil || n > lim.HeadBytes {
		return 0, 0, false
	}
	return n, how, keepAlive
}

// parseResponse parses the head that b begins with, and returns what follows it. If a field line is at fault, faulty is
// set, and rest begins with that.
func parseResponse(resp *message.Response, b, method []byte, lim Limits) (rest []byte, how Framing, keepAlive, faulty bool, err error) {
	line, rest, err := cutLine(b, loosely)
	if err != nil {
		return nil, 0, false, false, err
	}
	if len(line) > lim.LineBytes {
		return nil, 0, false, false, errLineLong
	}
	known, err := parseStatusLine(resp, line)
	if err != nil {
		return nil, 0, false, false, err
	}
	if resp.Fields, rest, err = parseFields(resp.Fields[:0], rest, loosely, lim); err != nil {
		return rest, 0, false, true, err
	}
	sig, err := readSignals(resp.Fields)
	if err != nil {
		return nil, 0, false, false, err
	}
	resp.ContentLength = sig.length
	resp.NoContent = resp.Status < 200 || resp.Status == 204 || resp.Status == 304 || string(method) == "HEAD"
	switch resp.Status {
	case 101:
		resp.Upgrade = sig.upgrade
	case 426:
		resp.Upgrade = sig.upgrades
	}
	keepAlive = !sig.closing && (resp.Version == message.HTTP11 || sig.keepAlive)
	if !known {
		keepAlive = false
	}
	if sig.coding == codedChunked && resp.Version == message.HTTP10 {
		// Servers that say 1.0 and send chunks mean chunks. Where the response ends is certain; whether the server knows
		// that too is not (RFC 9112, section 6.1).
		keepAlive = false
	}
	switch {
	case resp.NoContent:
		return rest, FramedByNothing, keepAlive, false, nil
	case sig.coding == codedUnknown:
		return nil, 0, false, false, errCoding
	case sig.coding == codedChunked:
		return rest, FramedByChunks, keepAlive, false, nil
	case sig.length >= 0:
		return rest, FramedByLength, keepAlive, false, nil
	}
	return rest, FramedByClose, false, false, nil
}

// invalidStatus is what a response counts as whose status is none (RFC 9110, section 15).
const invalidStatus = 500

// parseStatusLine fills resp from a line such as HTTP/1.1 200 OK. It takes any white space for the spaces, and the
// line may end behind the status (RFC 9112, section 4). It returns whether the version is one that the server may
// speak.
func parseStatusLine(resp *message.Response, line []byte) (known bool, err error) {
	if parseUsualStatusLine(resp, line) {
		return true, nil
	}
	version, rest := cutWord(line)
	switch string(version) {
	case "HTTP/1.1":
		resp.Version, known = message.HTTP11, true
	case "HTTP/1.0":
		resp.Version, known = message.HTTP10, true
	default:
		// Whatever a server of 1.1 calls itself, it answers in the form of 1.1.
		if !isOtherVersion(version) {
			return false, errStatusLine
		}
		resp.Version = message.HTTP11
	}
	code, reason := cutWord(rest)
	if resp.Status = parseStatus(code); resp.Status == 0 || !message.IsValue(reason) {
		return false, errStatusLine
	}
	if len(reason) > 0 {
		resp.Reason = reason
	}
	return known, nil
}

// parseUsualStatusLine is parseStatusLine for a line that is written as RFC 9112 demands. It does nothing and returns
// false for any other.
func parseUsualStatusLine(resp *message.Response, line []byte) bool {
	const begin, reason = len("HTTP/1.1 "), len("HTTP/1.1 200 ")
	if len(line) <= reason || string(line[:begin]) != "HTTP/1.1 " || line[reason-1] != ' ' || isSpace(line[reason]) {
		return false
	}
	a, b, c := line[begin], line[begin+1], line[begin+2]
	if a == '0' || !isDigit(a) || !isDigit(b) || !isDigit(c) || !message.IsValue(line[reason:]) {
		return false
	}
	resp.Version, resp.Reason = message.HTTP11, line[reason:]
	resp.Status = int(a-'0')*100 + int(b-'0')*10 + int(c-'0')
	return true
}

// cutWord returns the first word of a line, and what follows the white space behind it.
func cutWord(line []byte) (word, rest []byte) {
	end := 0
	for end < len(line) && !isSpace(line[end]) {
		end++
	}
	word, rest = line[:end], line[end:]
	for len(rest) > 0 && isSpace(rest[0]) {
		rest = rest[1:]
	}
	return word, rest
}

// isSpace returns whether c is white space that separates the words of a status line for some recipients (RFC 9112,
// section 4). CR is none here, because it ends a line for others.
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\v' || c == '\f' }

// isOtherVersion returns whether b is a version of HTTP above 1.0, in the form HTTP/2.0 or HTTP/2.
func isOtherVersion(b []byte) bool {
	const begin = len("HTTP/")
	if len(b) <= begin || string(b[:begin]) != "HTTP/" || b[begin] < '1' || b[begin] > '9' {
		return false
	}
	minor := b[begin+1:]
	return len(minor) == 0 && b[begin] > '1' || len(minor) == 2 && minor[0] == '.' && isDigit(minor[1])
}

// parseStatus returns a status of 100 to 999, invalidStatus for any other number, or 0 if b is no number.
func parseStatus(b []byte) int {
	for _, c := range b {
		if !isDigit(c) {
			return 0
		}
	}
	switch {
	case len(b) == 0:
		return 0
	case len(b) != 3 || b[0] == '0':
		return invalidStatus
	}
	return int(b[0]-'0')*100 + int(b[1]-'0')*10 + int(b[2]-'0')
}

// statusLines are the first lines of frequent responses, with the reasons of RFC 9110.
var statusLines = func() (lines [600][]byte) {
	for code, reason := range map[int]string{
		100: "Continue", 101: "Switching Protocols", 103: "Early Hints",
		200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
		301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
		307: "Temporary Redirect", 308: "Permanent Redirect",
		400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
		408: "Request Timeout", 409: "Conflict", 410: "Gone", 413: "Content Too Large", 414: "URI Too Long",
		416: "Range Not Satisfiable", 421: "Misdirected Request", 422: "Unprocessable Content",
		426: "Upgrade Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
		500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
		504: "Gateway Timeout", 505: "HTTP Version Not Supported", 508: "Loop Detected",
	} {
		lines[code] = []byte("HTTP/1.1 " + strconv.Itoa(code) + " " + reason + "\r\n")
	}
	return lines
}()

// appendStatusLine appends the first line. It keeps the sender's reason if there is one, because some clients show it.
func appendStatusLine(b []byte, resp *message.Response) []byte {
	if resp.Status < len(statusLines) {
		if line := statusLines[resp.Status]; line != nil && (len(resp.Reason) == 0 || bytes.Equal(resp.Reason, line[13:len(line)-2])) {
			return append(b, line...)
		}
	}
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(resp.Status), 10)
	b = append(b, ' ')
	b = append(b, resp.Reason...)
	return append(b, "\r\n"...)
}

// FrameResponse returns how resp's content is framed for a client of that version.
func FrameResponse(resp *message.Response, client message.Version) Framing {
	switch {
	case resp.NoContent:
		return FramedByNothing
	case resp.ContentLength >= 0:
		return FramedByLength
	case client == message.HTTP10:
		return FramedByClose
	}
	return FramedByChunks
}

// AppendResponse appends resp's head for a client of that version. closing is set if the connection ends after the
// content.
func AppendResponse(b []byte, resp *message.Response, client message.Version, closing bool) []byte {
	b = appendStatusLine(b, resp)
	b = AppendFields(b, resp.Fields)
	switch FrameResponse(resp, client) {
	case FramedByNothing:
		// HEAD and 304 may announce what a GET would get; 1xx and 204 must not (RFC 9110, section 8.6).
		if resp.ContentLength >= 0 && resp.Status >= 200 && resp.Status != 204 {
			b = appendContentLength(b, resp.ContentLength)
		}
	case FramedByLength:
		b = appendContentLength(b, resp.ContentLength)
	case FramedByChunks:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case FramedByClose:
	}
	switch {
	case resp.Status == 101:
		b = append(b, "Connection: Upgrade\r\nUpgrade: "...)
		b = append(b, resp.Upgrade...)
		b = append(b, "\r\n"...)
	case resp.Status < 200:
	case resp.Status == 426 && len(resp.Upgrade) > 0 && client == message.HTTP11:
		// Such a response has to say which protocols would do (RFC 9110, section 15.5.22).
		b = append(b, "Connection: "...)
		if closing {
			b = append(b, "close, "...)
		}
		b = append(b, "Upgrade\r\nUpgrade: "...)
		b = append(b, resp.Upgrade...)
		b = append(b, "\r\n"...)
	case closing:
		b = append(b, "Connection: close\r\n"...)
	case client == message.HTTP10:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return append(b, "\r\n"...)
}
