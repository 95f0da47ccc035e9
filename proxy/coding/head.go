// SPDX-License-Identifier: Apache-2.0

package coding

import "github.com/warren-dev/ingress/proxy/message"

var (
	contentEncoding = []byte("Content-Encoding")
	codingValues    = func() (values [message.Codings][]byte) {
		for c := range message.Codings {
			values[c] = []byte(c.String())
		}
		return values
	}()
)

// longestTag bounds what an idle encoder keeps for entity tags, in bytes.
const longestTag = 256

// announce changes the head of a response for content that is encoded. The length is not known beforehand. What is said
// of the bytes of the content is not true of others: no digests, no ranges, and a tag for what means the same instead
// of what is the same (RFC 9110, section 8.8.1).
func (l *lent) announce(resp *message.Response) {
	resp.ContentLength = message.UnknownLength
	for i := range resp.Fields {
		f := &resp.Fields[i]
		if f.Kind != message.Other {
			continue
		}
		switch len(f.Name) {
		case len("etag"):
			if message.EqualFold(f.Name, "etag") && len(f.Value) > 0 && f.Value[0] == '"' {
				l.tag = append(append(l.tag[:0], "W/"...), f.Value...)
				f.Value = l.tag
			}
		case len("accept-ranges"):
			drop(f, "accept-ranges")
		case len("content-encoding"):
			drop(f, "content-encoding") // it was identity
		}
		dropDigest(f)
	}
	resp.Fields = append(resp.Fields, message.Field{Name: contentEncoding, Value: codingValues[l.coding]})
}

// dropDigest drops a field, of a head or of trailers, that is true of the bytes of a content alone.
func dropDigest(f *message.Field) {
	switch len(f.Name) {
	case len("digest"):
		drop(f, "digest")
	case len("content-md5"): // repr-digest has as many letters
		drop(f, "content-md5")
		drop(f, "repr-digest")
	case len("content-digest"):
		drop(f, "content-digest")
	}
}

func drop(f *message.Field, name string) {
	if message.EqualFold(f.Name, name) {
		f.Kind = message.Dropped
	}
}
