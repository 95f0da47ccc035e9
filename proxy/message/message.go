// SPDX-License-Identifier: Apache-2.0

// Package message says what an HTTP request and response are, whatever version carries them (RFC 9110), and has the
// grammar that all versions share. It parses no message and does no I/O. The engines of the wire versions fill these
// types from their buffers and write them out again. The proxy's pipeline reads and changes them in between.
//
// Every byte slice in a message is a view of the buffer of the connection that it came from, and lives as long as the
// exchange does. Only one goroutine at a time may use a message.
//
// Read in this order: message.go (a request and a response), field.go (a field, and what the proxy knows of its name),
// fields.go (looking for fields), content.go (reading and writing content), ending.go (how an exchange ends early),
// rate.go (how fast a peer has to be), detach.go and clone.go (a request without its buffer), opening.go (how a
// WebSocket is opened), upgrade.go (other protocols), options.go (OPTIONS), coding.go, mediatype.go and transform.go
// (how content is encoded, what it is, and whether it may be changed), authority.go and port.go (hosts with ports),
// grammar.go (the rest of the grammar).
package message

import "fmt"

// Version is the version of HTTP that a message arrived with.
type Version uint8

// The versions that are told apart. A minor version above 1 counts as 1.1 (RFC 9112, section 2.3).
const (
	HTTP10 Version = iota
	HTTP11
	HTTP2
)

func (v Version) String() string {
	switch v {
	case HTTP10:
		return "HTTP/1.0"
	case HTTP11:
		return "HTTP/1.1"
	}
	return "HTTP/2"
}

// UnknownLength is the ContentLength of a message whose content ends when its framing says so.
const UnknownLength = -1

// Request is a request's head.
type Request struct {
	Version Version
	Method  []byte
	// SentMethod is what the endpoint gets in place of Method. Nil for that. Neither is HEAD if the other one is not.
	SentMethod []byte
	// Authority is the host that the request names, with the port if there is one. It may be empty with HTTP/1.0.
	Authority []byte
	// Path is the target's path, beginning with a slash. Query is what follows it, with its question mark.
	Path, Query []byte
	// Fields are the header fields in their order. They include fields that frame the message or concern only the
	// connection, which are marked by their Kind. An engine writes none of those.
	Fields []Field
	// ContentLength is the content's length in bytes, 0 if there is none, or UnknownLength.
	ContentLength int64
	// SaysEmpty is set if the client sent a Content-Length of 0. Signatures and CGI can tell that from none.
	SaysEmpty bool
	// Upgrade is the protocol that the client asks to change to, or empty. In HTTP/2 such a request is a CONNECT (RFC
	// 8441). Here it is a GET, as in HTTP/1.1.
	Upgrade []byte
	// ExpectContinue is set while the client waits for a 100 before it sends the content.
	ExpectContinue bool
	// AcceptsTrailers is set if the client said that it understands trailers (TE: trailers).
	AcceptsTrailers bool
	// EndsConnection is set if the connection to the endpoint is to end with the exchange. HTTP/1.1 alone can say so.
	EndsConnection bool
}

// Reset empties the request and keeps the memory of its fields.
func (r *Request) Reset() { *r = Request{Fields: r.Fields[:0]} }

// HasContent returns whether content follows the head.
func (r *Request) HasContent() bool { return r.ContentLength != 0 }

// SetLength gives the content a length, and so no trailers. Nothing announces any then.
func (r *Request) SetLength(length int64) {
	r.ContentLength = length
	for i := range r.Fields {
		if f := &r.Fields[i]; f.Kind == Trailer {
			f.Kind = Dropped
		}
	}
}

// ToSend returns the method that the endpoint gets.
func (r *Request) ToSend() []byte {
	if r.SentMethod != nil {
		return r.SentMethod
	}
	return r.Method
}

// Idempotent returns whether sending the method twice has the same effect as once (RFC 9110, section 9.2.2).
func (r *Request) Idempotent() bool {
	switch string(r.ToSend()) {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE":
		return true
	}
	return false
}

// Response is a response's head.
type Response struct {
	// Version is what the sender speaks. An engine writes its own.
	Version Version
	// Status is 100 to 999.
	Status int
	Reason []byte
	// Fields are as in a Request.
	Fields []Field
	// ContentLength is the length of the content, or UnknownLength. The response to a HEAD announces a length and has no
	// content.
	ContentLength int64
	// NoContent is set if no content follows, whatever the fields say: HEAD, 1xx, 204, 304 (RFC 9112, section 6.3).
	NoContent bool
	// Upgrade is the protocol that a 101 changes to, or those that a 426 demands.
	Upgrade []byte
}

// Reset empties the response and keeps the memory of its fields.
func (r *Response) Reset() { *r = Response{Fields: r.Fields[:0]} }

// Informational returns whether another response to the same request follows.
func (r *Response) Informational() bool { return r.Status < 200 && r.Status != 101 }

// Error is a message that cannot be understood or accepted. Status is a server's answer to such a request.
type Error struct {
	Status int
	Detail string
}

func (e *Error) Error() string { return e.Detail }

// longestName is how much of a name In writes.
const longestName = 64

// In returns the same error, and says in which field of the message it is. It allocates: it is for messages of which no
// stranger can send many.
func (e *Error) In(name []byte) *Error {
	if len(name) == 0 {
		return e
	}
	return &Error{Status: e.Status, Detail: fmt.Sprintf("%s, in %q", e.Detail, name[:min(len(name), longestName)])}
}
