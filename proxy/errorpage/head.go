// SPDX-License-Identifier: Apache-2.0

package errorpage

import (
	"bytes"
	"slices"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// Cause is the request whose response the page is to stand in place of.
type Cause struct {
	// Request is as the route's policies have left it.
	Request *message.Request
	// Host is canonical. Path and Query are as the client sent them.
	Host, Path, Query []byte
	// Mark is what the route adds to its requests, so that one in a loop is known. Request may have it already.
	Mark message.Field
	// LogsIn is set if the request logs in the connection that it takes. Shard is where to look first for a connection.
	LogsIn bool
	Shard  uint32
	// Within bounds the wait for the page, if less than the usual bound is left. 0 is for that.
	Within time.Duration
}

var (
	get          = []byte("GET")
	xCode        = []byte("X-Code")
	xFormat      = []byte("X-Format")
	xOriginalURI = []byte("X-Original-URI")
	// told are what a service that handles a response is told of it.
	told = []string{"x-code", "x-format", "x-original-uri"}
	// choosing are the fields that a page may be chosen by.
	choosing = []string{"accept", "accept-encoding", "accept-language", "user-agent"}
	// conditional are those that ask for a part of a response, or for none that the client has already.
	conditional = []string{"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"}
)

// head returns the request for the page. It views what it is made of.
func (p *Page) head(c *Cause) message.Request {
	from := c.Request
	r := message.Request{Version: message.HTTP11, Method: get, Authority: c.Host, Path: p.Path}
	if string(from.Method) == "HEAD" {
		r.Method = from.Method
	}
	r.Fields = make([]message.Field, 0, len(from.Fields)+len(p.fields)+len(told)+1)
	marked := false
	for i := range from.Fields {
		f := &from.Fields[i]
		if !p.passes(f) {
			continue
		}
		marked = marked || f.Kind == message.CDNLoop && bytes.Equal(f.Value, c.Mark.Value)
		r.Fields = append(r.Fields, *f)
	}
	if !marked {
		r.Fields = append(r.Fields, c.Mark)
	}
	r.Fields = append(r.Fields, p.fields...)
	if !p.Handles {
		return r
	}
	r.Fields = append(r.Fields, message.Field{Name: xCode, Value: p.code})
	if accept, ok := message.First(from.Fields, "accept"); ok {
		r.Fields = append(r.Fields, message.Field{Name: xFormat, Value: accept})
	}
	target := slices.Concat(c.Path, c.Query)
	r.Fields = append(r.Fields, message.Field{Name: xOriginalURI, Value: target})
	return r
}

// passes says whether the service gets a field of the request. A page is whole, whatever the client has of another
// response, and the request for it has no content.
func (p *Page) passes(f *message.Field) bool {
	switch {
	case !f.Kind.EndToEnd(), f.Kind == message.Trailer, among(f.Name, p.replaced):
		return false
	case message.KindOf(f.Name).Forwarding(), f.Kind == message.CDNLoop, f.Kind == message.Traceparent, f.Kind == message.Tracestate:
		return true
	case !p.Handles:
		return among(f.Name, choosing)
	}
	return !isOfContent(f.Name) && !among(f.Name, conditional) && !among(f.Name, told)
}

// isOfContent says whether a field of a name describes content.
func isOfContent(name []byte) bool {
	const begin = "content-"
	return len(name) > len(begin) && message.EqualFold(name[:len(begin)], begin)
}
