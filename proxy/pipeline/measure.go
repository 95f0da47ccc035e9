// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// measure finds out the length of a request's content if the client did not say it and all of the content is there.
// Many servers read no content without a length (CGI has no other way to say it), and answer as if there were none. A
// content with trailers keeps its framing, because HTTP/1.1 has no other place for them. What was read is kept, and
// sent behind the head. It waits for nothing.
func (x *Exchange) measure(up upstream.Exchange) error {
	content := x.down.Content()
	if content.Ended() && !x.kept.whole() {
		return nil // It went to an endpoint.
	}
	if !x.kept.whole() {
		if !content.Buffered() {
			return nil
		}
		x.kept.begin(&x.engine.Buffers)
	}
	if err := x.kept.take(content); err != nil {
		return err
	}
	if up.Sole() == nil && x.kept.n > 0 {
		return nil // HTTP/2 tells where a content ends.
	}
	if !content.Ended() || hasFields(client.TrailersWithoutForwarding(content.Trailers())) {
		return nil
	}
	x.request.ContentLength = int64(x.kept.n)
	x.request.ExpectContinue = x.request.ExpectContinue && x.request.HasContent()
	return nil
}

// hasFields says whether any of the fields is passed on.
func hasFields(fields []message.Field) bool {
	for i := range fields {
		if fields[i].Kind.EndToEnd() {
			return true
		}
	}
	return false
}
