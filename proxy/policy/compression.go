// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// Compression has responses sent in the coding that their client likes best. It decides which responses are, and says
// to caches that they differ by what clients accept. The pipeline encodes.
//
// A response is left as it is if it is encoded already, a part of a whole, a stream of messages or none to be
// transformed (Cache-Control: no-transform), or if the client speaks HTTP/1.0.
type Compression struct {
	// Types are the media types of what is compressed, in lower case and without parameters, such as "text/html". A
	// subtype of "*" stands for all.
	Types []string
	// MinBytes is the least length of a response, if it says its length.
	MinBytes int64
}

// Name is "compression".
func (*Compression) Name() string { return "compression" }

// Equal returns whether another one compresses the same responses.
func (c *Compression) Equal(other Policy) bool {
	o, ok := other.(*Compression)
	return ok && o != nil && c.MinBytes == o.MinBytes && slices.Equal(c.Types, o.Types)
}

// Compile returns steps that only say how a response is to be encoded: steps do not wait.
func (c *Compression) Compile(*step.Scope) (step.Steps, error) {
	if len(c.Types) == 0 {
		return step.Steps{}, nil
	}
	compiled := &compression{types: message.MediaRangesOf(c.Types), least: c.MinBytes}
	return step.Steps{Request: compiled.request, Response: compiled.response}, nil
}

// compression is a compiled Compression.
type compression struct {
	types message.MediaRanges
	least int64
}

// request notes how the client likes its response. Its head may be gone when that comes.
func (c *compression) request(v *step.View) step.Answer {
	v.Accepts = message.Identity
	if v.Request.Version != message.HTTP10 && !message.ForbidsTransforming(v.Request.Fields) {
		v.Accepts = message.PreferredCoding(v.Request.Fields)
	}
	if v.Notes != nil {
		text := "the client accepts no coding: responses go on as they are"
		if v.Accepts != message.Identity {
			text = fmt.Sprintf("responses of %d bytes and more go on as %s, if they are of a type that is compressed", c.least, v.Accepts)
		}
		v.Note((*Compression)(nil).Name(), text)
	}
	return step.Answer{}
}

var (
	acceptEncoding = []byte("Accept-Encoding")
	varyByEncoding = message.Field{Name: varyName, Value: acceptEncoding}
)

func (c *compression) response(v *step.View, resp *message.Response) {
	v.Encode = message.Identity
	if resp.Status == 304 {
		if v.Accepts != message.Identity {
			message.Weaken(resp)
			c.vary(resp)
		}
		return
	}
	if !c.compresses(resp) {
		return
	}
	c.vary(resp)
	switch {
	case !resp.NoContent:
		v.Encode = v.Accepts
	case v.Accepts != message.Identity: // HEAD says what GET would (RFC 9110, section 9.3.2)
		message.Weaken(resp)
	}
}

// vary says to caches that a response differs by what clients accept.
func (c *compression) vary(resp *message.Response) {
	if !message.Varies(resp.Fields, "accept-encoding") {
		resp.Fields = append(resp.Fields, varyByEncoding)
	}
}

// compresses returns whether a response would be encoded for a client that likes that.
func (c *compression) compresses(resp *message.Response) bool {
	if resp.Status == 206 || resp.ContentLength == 0 || resp.ContentLength != message.UnknownLength && resp.ContentLength < c.least {
		return false
	}
	matches := false
	for i := range resp.Fields {
		f := &resp.Fields[i]
		if f.Kind != message.Other {
			continue
		}
		switch len(f.Name) {
		case len("content-type"):
			matches = matches || message.EqualFold(f.Name, "content-type") && c.types.Match(f.Value)
		case len("content-encoding"):
			if message.EqualFold(f.Name, "content-encoding") && !message.EqualFold(f.Value, "identity") {
				return false
			}
		case len("content-range"): // cache-control has as many letters
			if message.EqualFold(f.Name, "content-range") || f.IsNoTransform() {
				return false
			}
		}
	}
	return matches && !message.IsStream(resp.Fields)
}

// CompressedTypes are the media types that are worth compressing: text, and data that is written as text. Images,
// videos and archives are compressed already.
var CompressedTypes = []string{
	"text/*",
	"application/atom+xml", "application/geo+json", "application/graphql-response+json", "application/javascript", "application/json",
	"application/ld+json", "application/manifest+json", "application/problem+json", "application/rss+xml", "application/vnd.api+json",
	"application/vnd.ms-fontobject", "application/wasm", "application/x-javascript", "application/x-ndjson", "application/xhtml+xml",
	"application/xml", "application/yaml", "font/otf", "font/ttf", "image/bmp", "image/svg+xml", "image/vnd.microsoft.icon", "image/x-icon",
}
