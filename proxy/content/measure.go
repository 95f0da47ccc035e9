// SPDX-License-Identifier: Apache-2.0

package content

import (
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/message"
)

// Measure finds out the length of a content whose length the client did not say, if all of it is there. It returns
// UnknownLength otherwise. Many servers read no content without a length (CGI has no other way to say it), and answer
// as if there were none. A content with trailers keeps its framing, because HTTP/1.1 has no other place for them. So
// does one that goes to a stream, unless it is empty: HTTP/2 tells where a content ends. What was read is kept, and
// sent behind the head. Measure waits for nothing.
func (u *Upload) Measure(r message.Reader, stream bool, memory buffer.Share, buffers *buffer.Pool) (int64, error) {
	if r.Ended() && !u.kept.whole() {
		return message.UnknownLength, nil // It went to an endpoint.
	}
	if !u.kept.whole() {
		if !r.Buffered() {
			return message.UnknownLength, nil
		}
		u.kept.begin(memory, buffers)
	}
	if err := u.kept.take(u, r); err != nil {
		return message.UnknownLength, err
	}
	if u.exceeds(int64(u.kept.n)) {
		return message.UnknownLength, errTooLong
	}
	if stream && u.kept.n > 0 {
		return message.UnknownLength, nil
	}
	if !r.Ended() || hasFields(client.TrailersWithoutForwarding(r.Trailers())) {
		return message.UnknownLength, nil
	}
	return int64(u.kept.n), nil
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
