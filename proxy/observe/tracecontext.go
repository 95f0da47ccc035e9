// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"encoding/hex"

	"github.com/warren-dev/ingress/proxy/message"
)

// TraceID names a trace. All zeros name none.
type TraceID [16]byte

// SpanID names a span of a trace. All zeros name none.
type SpanID [8]byte

// traceContext is the place in a trace that a request comes from (W3C Trace Context, section 3.2). The zero value is no
// place.
type traceContext struct {
	trace TraceID
	span  SpanID
	// sampled says that the sender of the request records it.
	sampled bool
}

func (c *traceContext) none() bool { return c.trace == TraceID{} }

// traceparentLength is the length in version 00: "00-", the trace's id, the span's and the flags.
const traceparentLength = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

// parseTraceparent reads a traceparent (section 3.2.2). From a later version it reads the parts that version 00 has, as
// section 4.3 asks.
func parseTraceparent(v []byte) (c traceContext, ok bool) {
	if len(v) < traceparentLength || v[2] != '-' || v[35] != '-' || v[52] != '-' {
		return traceContext{}, false
	}
	var version, flags [1]byte
	if !readHex(version[:], v[:2]) || !readHex(c.trace[:], v[3:35]) || !readHex(c.span[:], v[36:52]) || !readHex(flags[:], v[53:55]) {
		return traceContext{}, false
	}
	switch {
	case c.trace == TraceID{}, c.span == SpanID{}, version[0] == 0xff:
		return traceContext{}, false
	case len(v) > traceparentLength && (version[0] == 0 || v[traceparentLength] != '-'):
		return traceContext{}, false
	}
	// The other flags are kept for later and may not be passed on.
	c.sampled = flags[0]&1 != 0
	return c, true
}

// writeTraceparent spells the context in version 00.
func (c *traceContext) writeTraceparent(to *[traceparentLength]byte) {
	copy(to[:3], "00-")
	hex.Encode(to[3:], c.trace[:])
	to[35] = '-'
	hex.Encode(to[36:], c.span[:])
	copy(to[52:], "-00")
	if c.sampled {
		to[54] = '1'
	}
}

// readHex reads lower-case hexadecimal. Trace contexts have no other.
func readHex(to, from []byte) bool {
	for _, c := range from {
		if 'A' <= c && c <= 'F' {
			return false
		}
	}
	_, err := hex.Decode(to, from)
	return err == nil
}

// maxTracestateMembers is how many members a tracestate may have (section 3.3.1.1).
const maxTracestateMembers = 32

// tracestateMembers counts the members of a tracestate field. ok is false if one of them is malformed, which makes all
// of it worthless (section 3.3).
func tracestateMembers(v []byte) (n int, ok bool) {
	ok = true
	message.Elements(v, func(member []byte) bool {
		n++
		ok = isTracestateMember(member)
		return ok
	})
	return n, ok
}

// isTracestateMember says whether b is a key and a value (section 3.3.1.3). It lets keys begin with a digit, as the
// second edition does: we need not be stricter than those who read what we pass on.
func isTracestateMember(b []byte) bool {
	const longest = 256
	i := 0
	for i < len(b) && isTracestateKey(b[i]) {
		i++
	}
	if i == 0 || i > longest || i == len(b) || b[i] != '=' || !isLetterOrDigit(b[0]) {
		return false
	}
	value := b[i+1:]
	for _, c := range value {
		if c < ' ' || c > '~' || c == '=' { // a comma has ended the member
			return false
		}
	}
	return len(value) > 0 && len(value) <= longest
}

func isLetterOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

func isTracestateKey(c byte) bool {
	switch c {
	case '_', '-', '*', '/', '@':
		return true
	}
	return isLetterOrDigit(c)
}
