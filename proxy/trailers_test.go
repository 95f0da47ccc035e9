// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
)

// If the trailers of a request exceed a limit, the client gets that reason, as with a head. It does not matter whether
// they came at once or after the endpoint got the head.
func TestTrailersBeyondALimitAre431(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, trailers string }{
		{"too long", strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70)},
		{"a line too long", "A: " + strings.Repeat("b", longestLine) + "\r\n"},
		{"too many", strings.Repeat("A: b\r\n", 129)},
	} {
		for _, later := range []bool{false, true} {
			name := test.name
			if later {
				name += ", later"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t)
				p.apply(everything(endpoint.address))
				client := p.dial()
				head, trailers := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n"+test.trailers+"\r\n"
				if later {
					client.send(head)
					endpoint.accept().head()
					client.send(trailers)
				} else {
					client.send(head + trailers)
				}
				if got := client.reply("POST"); got.Status != 431 || got.reason() != "HeadTooLarge" || !got.Close {
					t.Errorf("got %d %q, close %v, want 431 HeadTooLarge and a close", got.Status, got.reason(), got.Close)
				}
			})
		}
	}
}

// Trailers that frame or route a message, or say whose it is, are ignored (RFC 9110, section 6.5.1; RFC 9112, section
// 7.1.2). The message is what its head says, and neither side gets them.
func TestTrailersThatBelongInAHeadAreIgnored(t *testing.T) {
	t.Parallel()
	const chunks = "5\r\nhello\r\n0\r\n"
	const lines = "Content-Length: 7\r\ncontent-length: x\r\nHost: b\r\nTE: gzip\r\nx-sum: 1\r\nAuthorization: Basic eA==\r\nCookie: a=b\r\n" +
		"X-Forwarded-For: 1.2.3.4\r\nCDN-Loop: x\r\nExpect: 100-continue\r\n"
	fields := []string{
		"content-length", "7", "content-length", "x", "host", "b", "x-sum", "1", "authorization", "Basic eA==", "cookie", "a=b",
		"x-forwarded-for", "1.2.3.4", "cdn-loop", "x", "expect", "100-continue",
	}
	for _, from := range []string{"HTTP/1.1", "HTTP/2"} {
		for _, to := range []string{"HTTP/1.1", "HTTP/2"} {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t, h2c)
				if to == "HTTP/2" {
					p.apply(inH2C(everything(endpoint.address)))
				} else {
					p.apply(everything(endpoint.address))
				}
				var answer func() (status, body string, trailer map[string]string)
				if from == "HTTP/2" {
					c := p.dialFrames()
					c.request(1, false, head("POST", "/", "te", "trailers")...)
					c.check(c.WriteData(1, false, []byte("hello")))
					c.request(1, true, append(fields, "te", "gzip")...)
					answer = func() (string, string, map[string]string) {
						got := c.answer(1)
						return got.status, got.body, got.trailer
					}
				} else {
					c := p.dial()
					c.send("POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + lines + "\r\n")
					answer = func() (string, string, map[string]string) {
						got := c.reply("POST")
						trailer := map[string]string{}
						for name := range got.Trailer {
							trailer[strings.ToLower(name)] = got.Trailer.Get(name)
						}
						return fmt.Sprint(got.Status), got.Body, trailer
					}
				}
				if to == "HTTP/2" {
					f := endpoint.acceptFrames()
					request := f.received(false)
					got, trailers := f.rest(request.stream)
					if diff := cmp.Diff(map[string]string{"x-sum": "1"}, trailers); diff != "" || got != "hello" {
						t.Errorf("the endpoint got %q, trailers (-want +got):\n%s", got, diff)
					}
					f.request(request.stream, false, ":status", "200")
					f.check(f.WriteData(request.stream, false, []byte("hello")))
					f.request(request.stream, true, fields...)
				} else {
					up := endpoint.accept()
					up.head()
					up.expect(chunks + "x-sum: 1\r\n\r\n")
					up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + lines + "\r\n")
				}
				status, body, trailer := answer()
				if diff := cmp.Diff(map[string]string{"x-sum": "1"}, trailer); diff != "" || status != "200" || body != "hello" {
					t.Errorf("the client got %s with %q, trailers (-want +got):\n%s", status, body, diff)
				}
			})
		}
	}
}

// rest reads the content and the trailers of a request whose head was read.
func (f *frames) rest(stream uint32) (body string, trailers map[string]string) {
	f.tb.Helper()
	trailers = make(map[string]string)
	for {
		switch frame := f.next().(type) {
		case *http2.DataFrame:
			body += string(frame.Data())
			if frame.StreamEnded() {
				return body, trailers
			}
		case *http2.MetaHeadersFrame:
			for _, field := range frame.Fields {
				trailers[field.Name] = field.Value
			}
			return body, trailers
		case *http2.RSTStreamFrame:
			f.tb.Fatalf("stream %d was reset: %v", stream, frame.ErrCode)
		}
	}
}
