// SPDX-License-Identifier: Apache-2.0

package client

import "github.com/warren-dev/ingress/proxy/message"

var (
	contentType  = []byte("Content-Type")
	proxyStatus  = []byte("Proxy-Status")
	noSniffField = message.Field{Name: []byte("X-Content-Type-Options"), Value: []byte("nosniff")}
)

// Encode returns what the content of a response is written to. It may encode that, and says so in the response's head.
type Encode func(*message.Response, message.Writer) message.Writer

// Answer writes a response of the proxy's own. It has the status and the fields that resp has already, told as
// Proxy-Status, which names the reason, and content, which comes in pieces. With head it leaves the content out, as a
// response to HEAD must. encode may return another writer for the content, and change the head for that. There is no
// other way to answer, but for [AnswerWithPage].
func Answer(down Side, resp *message.Response, told []byte, head bool, encode Encode, mediaType []byte, content ...string) error {
	resp.Version = message.HTTP11
	resp.NoContent = head || resp.Status == 204 || resp.Status == 304
	resp.ContentLength = 0
	for _, piece := range content {
		resp.ContentLength += int64(len(piece))
	}
	if len(mediaType) > 0 {
		resp.Fields = append(resp.Fields, message.Field{Name: contentType, Value: mediaType})
	}
	w := begin(down, resp, told, encode)
	if !resp.NoContent {
		for _, piece := range content {
			if err := message.Write(w, piece); err != nil {
				return err
			}
		}
	}
	return w.End(nil)
}

// AnswerWithPage writes a response of the proxy's own as [Answer] does, but for the content, which is a page of
// somebody else's. resp says already what that is like.
func AnswerWithPage(down Side, resp *message.Response, told []byte, encode Encode, page Page) error {
	return writePage(begin(down, resp, told, encode), resp, page)
}

// SendPage writes a response with a page as its content.
func SendPage(down Side, resp *message.Response, encode Encode, page Page) error {
	w := encode(resp, down.Response())
	down.WriteHead(resp)
	return writePage(w, resp, page)
}

// Page is a content that is there as a whole.
type Page interface{ WriteTo(message.Writer) error }

func begin(down Side, resp *message.Response, told []byte, encode Encode) message.Writer {
	resp.Fields = append(resp.Fields, message.Field{Name: proxyStatus, Value: told}, noSniffField)
	w := encode(resp, down.Response())
	down.WriteHead(resp)
	return w
}

func writePage(w message.Writer, resp *message.Response, page Page) error {
	if !resp.NoContent {
		if err := page.WriteTo(w); err != nil {
			return err
		}
	}
	return w.End(nil)
}
