// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
)

// framingOf returns the fields of a head that frame the message.
func framingOf(head string) (framing []string) {
	for _, line := range strings.Split(head, "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "content-length", "transfer-encoding", "expect":
			framing = append(framing, line)
		}
	}
	return framing
}

// Many servers read no content without a length, and answer as if there were none. So a content that is there when its
// head goes on gets one.
func TestContentThatIsThereGetsALength(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20_000)
	chunked := []string{"Transfer-Encoding: chunked"}
	for _, test := range []struct {
		name, method, fields, sent string
		framing                    []string
		want                       string
	}{
		{"one chunk", "POST", "", "5\r\nhello\r\n0\r\n\r\n", []string{"Content-Length: 5"}, "hello"},
		{"several chunks", "PUT", "", "1\r\nh\r\n2;x=y\r\nel\r\n2\r\nlo\r\n0\r\n\r\n", []string{"Content-Length: 5"}, "hello"},
		{"no content", "POST", "", "0\r\n\r\n", []string{"Content-Length: 0"}, ""},
		{"no content of a method without", "GET", "", "0\r\n\r\n", nil, ""},
		{"content of a method without", "GET", "", "2\r\nhi\r\n0\r\n\r\n", []string{"Content-Length: 2"}, "hi"},
		{"no content that was to be asked for", "POST", "Expect: 100-continue\r\n", "0\r\n\r\n", []string{"Content-Length: 0"}, ""},
		{"forged trailers", "POST", "", "5\r\nhello\r\n0\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n", []string{"Content-Length: 5"}, "hello"},
		{"trailers", "POST", "", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", chunked, "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"},
		{"half of it", "POST", "", "a\r\nhello", chunked, "5\r\nhello\r\n"},
		{"all but the end", "POST", "", "5\r\nhello\r\n", chunked, "5\r\nhello\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send(test.method + " / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + test.fields + "\r\n" + test.sent)
			up := endpoint.accept()
			if diff := cmp.Diff(test.framing, framingOf(up.head())); diff != "" {
				t.Errorf("framing (-want +got):\n%s", diff)
			}
			up.expect(test.want)
			if !strings.HasSuffix(test.sent, "\r\n\r\n") {
				return
			}
			up.send(okReply)
			client.reply(test.method)
			client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
			if got := up.request().URL.Path; got != "/next" {
				t.Errorf("the endpoint got %s, want /next on the same connection", got)
			}
			up.send(okReply)
			client.expect(okReply)
		})
	}
	t.Run("more than a buffer", func(t *testing.T) {
		t.Parallel()
		endpoint := startScript(t)
		p := serve(t)
		p.apply(everything(endpoint.address))
		client := p.dial()
		client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n" + long + "\r\n0\r\n\r\n")
		got := endpoint.accept().request()
		if content, err := io.ReadAll(got.Body); string(content) != long || got.ContentLength != int64(len(long)) && len(got.TransferEncoding) != 1 {
			t.Errorf("%v, framed as %v", err, got.TransferEncoding)
			t.Errorf("the endpoint got %d bytes, want %d", len(content), len(long))
		}
	})
}

// A client of HTTP/2 need not say a length. What comes with the head, the end too, is there when the request goes on.
func TestContentThatIsThereOverHTTP2GetsALength(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method string
		frames       []string
		ends         bool
		framing      []string
		want         string
	}{
		{"GET with an empty frame", "GET", []string{""}, true, nil, ""},
		{"DELETE with two", "DELETE", []string{"", ""}, true, nil, ""},
		{"POST with an empty frame", "POST", []string{""}, true, []string{"Content-Length: 0"}, ""},
		{"POST with content", "POST", []string{"hello"}, true, []string{"Content-Length: 5"}, "hello"},
		{"POST in two frames", "POST", []string{"hel", "lo"}, true, []string{"Content-Length: 5"}, "hello"},
		{"POST that goes on", "POST", []string{"hello"}, false, []string{"Transfer-Encoding: chunked"}, "5\r\nhello\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, h2c)
			p.apply(everything(endpoint.address))
			c := p.dialHasty(func(w *http2.Framer, f *frames) {
				f.check(w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.encode(head(test.method, "/")...), EndHeaders: true}))
				for i, content := range test.frames {
					f.check(w.WriteData(1, test.ends && i == len(test.frames)-1, []byte(content)))
				}
			})
			up := endpoint.accept()
			if diff := cmp.Diff(test.framing, framingOf(up.head())); diff != "" {
				t.Errorf("framing (-want +got):\n%s", diff)
			}
			up.expect(test.want)
			if !test.ends {
				return
			}
			up.send(okReply)
			if got := c.answer(1); got.body != "ok" {
				t.Errorf("the client got %v", got)
			}
		})
	}
}
