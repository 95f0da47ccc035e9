// SPDX-License-Identifier: Apache-2.0

package message

// Field is one header or trailer field.
type Field struct {
	// Name is a token as received. Names are compared without case.
	Name []byte
	// Value has no white space at its ends, and no CR, LF or NUL.
	Value []byte
	// Kind is what the proxy knows of the name.
	Kind Kind
}

// Kind tells the few field names that the proxy acts on from all others.
type Kind uint8

// Other is a field that the proxy passes on as it is. Dropped is a field that somebody took out of the message. traits
// has everything else that is true of a kind: the order of the kinds means nothing.
const (
	Other Kind = iota

	Dropped
	Host
	Connection
	ContentLength
	TransferEncoding
	KeepAlive
	ProxyConnection
	TE
	Upgrade
	Expect

	Trailer
	Traceparent
	Tracestate
	// Authorization stands for Proxy-Authorization too.
	Authorization
	CDNLoop
	XForwardedFor
	XForwardedHost
	XForwardedPort
	XForwardedProto
	XRealIP
	Forwarded
	XRequestID
	kinds
)

// trait is what is true of a kind. Every kind has hopByHop or endToEnd.
type trait uint8

const (
	// hopByHop fields concern only one connection, frame the message, or were dropped. An engine writes none of them from
	// a message: it writes its own, from the message's properties.
	hopByHop trait = 1 << iota
	endToEnd
	// forwarding fields say who the client is, how its request came, and which request it is.
	forwarding
	// headOnly fields are passed on, but not as trailers: they are needed before the content.
	headOnly
)

// traits has a row for every value that a Kind can have, so that an index needs no check.
var traits = [1 << 8]trait{
	Other:            endToEnd,
	Dropped:          hopByHop,
	Host:             hopByHop,
	Connection:       hopByHop,
	ContentLength:    hopByHop,
	TransferEncoding: hopByHop,
	KeepAlive:        hopByHop,
	ProxyConnection:  hopByHop,
	TE:               hopByHop,
	Upgrade:          hopByHop,
	Expect:           hopByHop,
	Trailer:          endToEnd,
	Traceparent:      endToEnd | headOnly,
	Tracestate:       endToEnd | headOnly,
	Authorization:    endToEnd | headOnly,
	CDNLoop:          endToEnd | headOnly,
	XForwardedFor:    endToEnd | forwarding | headOnly,
	XForwardedHost:   endToEnd | forwarding | headOnly,
	XForwardedPort:   endToEnd | forwarding | headOnly,
	XForwardedProto:  endToEnd | forwarding | headOnly,
	XRealIP:          endToEnd | forwarding | headOnly,
	Forwarded:        endToEnd | forwarding | headOnly,
	XRequestID:       endToEnd | forwarding | headOnly,
}

// EndToEnd returns whether a field of this kind is passed on (RFC 9110, section 7.6.1).
func (k Kind) EndToEnd() bool { return traits[k]&endToEnd != 0 }

// Forwarding returns whether a field of this kind says who the client is and how its request came, or is the request's
// id.
func (k Kind) Forwarding() bool { return traits[k]&forwarding != 0 }

// KindOf returns the kind of a field's name.
func KindOf(name []byte) Kind {
	// The length leaves few candidates, so a name is compared once or not at all.
	switch len(name) {
	case 2:
		return is(name, "te", TE)
	case 4:
		return is(name, "host", Host)
	case 6:
		return is(name, "expect", Expect)
	case 7:
		switch name[0] | 0x20 {
		case 'u':
			return is(name, "upgrade", Upgrade)
		case 't':
			return is(name, "trailer", Trailer)
		}
	case 8:
		return is(name, "cdn-loop", CDNLoop)
	case 9:
		switch name[0] | 0x20 {
		case 'x':
			return is(name, "x-real-ip", XRealIP)
		case 'f':
			return is(name, "forwarded", Forwarded)
		}
	case 10:
		switch name[0] | 0x20 {
		case 'c':
			return is(name, "connection", Connection)
		case 'k':
			return is(name, "keep-alive", KeepAlive)
		case 't':
			return is(name, "tracestate", Tracestate)
		}
	case 11:
		return is(name, "traceparent", Traceparent)
	case 12:
		return is(name, "x-request-id", XRequestID)
	case 13:
		return is(name, "authorization", Authorization)
	case 14:
		return is(name, "content-length", ContentLength)
	case 15:
		return is(name, "x-forwarded-for", XForwardedFor)
	case 16:
		switch name[0] | 0x20 {
		case 'p':
			return is(name, "proxy-connection", ProxyConnection)
		case 'x':
			if k := is(name, "x-forwarded-host", XForwardedHost); k != Other {
				return k
			}
			return is(name, "x-forwarded-port", XForwardedPort)
		}
	case 17:
		switch name[0] | 0x20 {
		case 't':
			return is(name, "transfer-encoding", TransferEncoding)
		case 'x':
			return is(name, "x-forwarded-proto", XForwardedProto)
		}
	case 19:
		return is(name, "proxy-authorization", Authorization)
	}
	return Other
}

func is(name []byte, lower string, kind Kind) Kind {
	if EqualFold(name, lower) {
		return kind
	}
	return Other
}

// EqualFold compares a token with a token in lower case. It ignores the case of ASCII letters.
func EqualFold(token []byte, lower string) bool {
	if len(token) != len(lower) {
		return false
	}
	for i, c := range token {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// Elements calls yield with each element of a comma-separated value, without the white space around it, until yield
// returns false. It skips empty elements (RFC 9110, section 5.6.1.2).
func Elements(value []byte, yield func(element []byte) bool) {
	for begin, i := 0, 0; i <= len(value); i++ {
		if i < len(value) && value[i] != ',' {
			continue
		}
		if e := TrimSpace(value[begin:i]); len(e) > 0 && !yield(e) {
			return
		}
		begin = i + 1
	}
}

// TrimSpace cuts the spaces and tabs at both ends, HTTP's optional white space.
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// LowerName returns a name with its ASCII letters in lower case.
func LowerName(name string) string {
	b := []byte(name)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
