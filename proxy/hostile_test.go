// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// A response that cannot be read in exactly one way is a 502 before a byte of it has reached the client. It ends its
// connection.
func TestResponseThatCanBeMisreadIs502(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, response string }{
		{"not HTTP", "220 smtp.example.com\r\n\r\n"},
		{"HTTP/0.9", "<html></html>\r\n\r\n"},
		{"an ICY status line", "ICY 200 OK\r\n\r\n"},
		{"a status with a letter", "HTTP/1.1 2O0 OK\r\nContent-Length: 0\r\n\r\n"},
		{"a signed status", "HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n"},
		{"no status", "HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n"},
		{"NUL in the reason", "HTTP/1.1 200 O\x00K\r\nContent-Length: 0\r\n\r\n"},
		{"a folded line behind bare LF", "HTTP/1.1 200 OK\nX: a\n b\nContent-Length: 2\n\nok"},
		{"bare CR", "HTTP/1.1 200 OK\r\nX: a\rContent-Length: 5\r\nContent-Length: 2\r\n\r\nok"},
		{"NUL in a value", "HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n"},
		{"space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok"},
		{"no colon", "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n"},
		{"a folded line", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"},
		{"an empty name", "HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nok"},
		{"two lengths in one field", "HTTP/1.1 200 OK\r\nContent-Length: 2, 5\r\n\r\nok"},
		{"a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"},
		{"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"},
		{"a hexadecimal length", "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok"},
		{"an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok"},
		{"a length of 2^63", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nok"},
		{"a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		{"an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok"},
		{"an unknown coding below chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		{"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		{"chunked in two fields", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		{"a coding that only looks like chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		{"a length and chunks of HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		{"a length and chunks with a 204", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"an endless line", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxResponseHead) + "\r\n\r\n"},
		{"endless fields", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", maxResponseFields+1) + "\r\n"},
		{"an endless head", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", maxResponseHead/1000+1) + "\r\n"},
		{"endless informational responses", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", upstream.MaxInformational)},
		{"a 101 that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
		{"a malformed first chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n"},
		{"a chunk of 2^63", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\nok"},
		{"a chunk with a bare LF", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\n0\n\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(test.response)
			if strings.Contains(test.name, "informational") {
				for range upstream.MaxInformational {
					client.head()
				}
			}
			if got := client.reply("GET"); got.Status != 502 || got.reason() != "UpstreamMalformed" {
				t.Errorf("got %d %q with %q, want 502 UpstreamMalformed", got.Status, got.reason(), got.Body)
			}
			if rest, err := up.ending(); rest != "" || err != nil && !isReset(err) {
				t.Errorf("the endpoint received %q (%v), want the end", rest, err)
			}
		})
	}
}

// A response that breaks off before any of it was sent is a 502.
func TestResponseThatBreaksOffInItsHeadIs502(t *testing.T) {
	t.Parallel()
	for _, begun := range []string{"", "H", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n"} {
		for how, end := range map[string]func(*wire){"closed": func(w *wire) { _ = w.Close() }, "ended": func(w *wire) { _ = w.CloseWrite() }} {
			t.Run(fmt.Sprintf("%q %s", begun, how), func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t)
				p.apply(everything(endpoint.address))
				client := p.dial()
				client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				up := endpoint.accept()
				up.head()
				up.send(begun)
				end(up)
				if strings.Contains(begun, "103") {
					client.head()
				}
				if got := client.reply("GET"); got.Status != 502 || got.reason() != "UpstreamReset" {
					t.Errorf("got %d %q, want 502 UpstreamReset", got.Status, got.reason())
				}
			})
		}
	}
}

// Once the head was sent, only a torn connection honestly ends a broken response.
func TestResponseThatBreaksOffInItsContentIsTorn(t *testing.T) {
	t.Parallel()
	const length, chunks = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	closing := func(w *wire) { _ = w.Close() }
	resetting := func(w *wire) { w.abort() }
	nothing := func(*wire) {}
	for _, test := range []struct {
		name        string
		head, first string
		// then is sent before the end, after the client got the first part.
		then string
		end  func(*wire)
		// ended is set if that leaves the endpoint nothing to read.
		ended bool
	}{
		{"short of its length", length, "hello", "", closing, true},
		{"short of its length, reset", length, "hello", "", resetting, true},
		{"in the midst of a chunk", chunks, "5\r\nhe", "", closing, true},
		{"between chunks", chunks, "5\r\nhello\r\n", "", closing, true},
		{"before the last chunk's end", chunks, "5\r\nhello\r\n", "0\r\n", closing, true},
		{"in the trailers", chunks, "5\r\nhello\r\n", "0\r\nX-Sum: 1\r\n", closing, true},
		{"chunks, reset", chunks, "5\r\nhello\r\n", "", resetting, true},
		{"a malformed size", chunks, "5\r\nhello\r\n", "xyz\r\n", nothing, false},
		{"an empty size", chunks, "5\r\nhello\r\n", "\r\n", nothing, false},
		{"a signed size", chunks, "5\r\nhello\r\n", "+5\r\nhello\r\n0\r\n\r\n", nothing, false},
		{"a size of 2^64", chunks, "5\r\nhello\r\n", "10000000000000000\r\n", nothing, false},
		{"data beyond the size", chunks, "5\r\nhello\r\n", "2\r\nabcd\r\n0\r\n\r\n", nothing, false},
		{"a bare LF after the data", chunks, "5\r\nhello\r\n", "1\r\na\n0\r\n\r\n", nothing, false},
		{"a malformed trailer", chunks, "5\r\nhello\r\n", "0\r\nX Sum: 1\r\n\r\n", nothing, false},
		{"to the close, reset", "HTTP/1.1 200 OK\r\n\r\n", "hello", "", resetting, true},
	} {
		for _, version := range []string{"1.1", "1.0"} {
			t.Run(test.name+" for "+version, func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t)
				p.apply(everything(endpoint.address))
				client := p.dial()
				client.send("GET / HTTP/" + version + "\r\nHost: a\r\n\r\n")
				up := endpoint.accept()
				up.head()
				up.send(test.head + test.first)
				// The head is on its way before the fault comes. Otherwise it would be a 502.
				if _, err := client.in.Peek(len("HTTP/1.1 200 OK")); err != nil {
					t.Fatal(err)
				}
				up.send(test.then)
				test.end(up)
				client.expectTorn("GET")
				if !test.ended {
					up.expectClosed()
				}
			})
		}
	}
}

// An endpoint answers and then says more. That must not be taken for the answer to the next request, however soon that
// comes.
func TestWhatFollowsAResponseIsNobodysResponse(t *testing.T) {
	t.Parallel()
	const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
	const get, post = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", "POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
	for _, test := range []struct {
		name, method, response, next string
	}{
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", get},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", get},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n", get},
		{"a length", "GET", okReply, get},
		{"a length, before content", "GET", okReply, post},
		{"chunks", "GET", chunked, get},
		{"chunks, before content", "GET", chunked, post},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send(test.method + " / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(test.response)
			client.reply(test.method)
			up.send(evil)
			client.send(test.next)
			up.expectClosed()
			up = endpoint.accept()
			up.request()
			up.send(okReply)
			if got := client.reply("GET"); got.Body != "ok" {
				t.Errorf("got %d %q, want the next request's own response", got.Status, got.Body)
			}
		})
	}
}

func TestSlowEndpointIs504(t *testing.T) {
	t.Parallel()
	const soon = 2 * time.Second // the endpoint has to begin its response in this time
	for why, timeouts := range map[string]snapshot.Timeouts{
		"UpstreamTimeout":        {Idle: soon},
		"UpstreamRequestTimeout": {Request: soon},
	} {
		for _, begun := range []string{"", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 103 Early Hints\r\n\r\n"} {
			t.Run(fmt.Sprintf("%s after %q", why, begun), func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t)
				p.apply(everythingBy(func(r *snapshot.Route) { r.Timeouts = timeouts }, endpoint.address))
				client := p.dial()
				client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				up := endpoint.accept()
				up.head()
				up.send(begun)
				if strings.Contains(begun, "103") {
					client.head()
				}
				if got := client.reply("GET"); got.Status != 504 || got.reason() != why {
					t.Errorf("got %d %q, want 504 %s", got.Status, got.reason(), why)
				}
				up.expectClosed()
				// The connection to the client has nothing to do with that.
				p.apply(everythingBy(noTimeouts, endpoint.address))
				client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				up = endpoint.accept()
				up.head()
				up.send(okReply)
				if got := client.reply("GET"); got.Status != 200 {
					t.Errorf("the next request got %d %q, want 200", got.Status, got.reason())
				}
			})
		}
	}
}

// The time of a request also ends its response, even if that has begun.
func TestStalledContentIsTorn(t *testing.T) {
	t.Parallel()
	const soon = 2 * time.Second // the endpoint has to send the head in this time
	for name, change := range map[string]func(*snapshot.Route){
		"idle":    func(r *snapshot.Route) { r.Timeouts = snapshot.Timeouts{Idle: soon} },
		"request": func(r *snapshot.Route) { r.Timeouts = snapshot.Timeouts{Request: soon} },
	} {
		for _, length := range []int{10, 2 * splicedFrom} {
			t.Run(fmt.Sprintf("%s of %d", name, length), func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t)
				p.apply(everythingBy(change, endpoint.address))
				client := p.dial()
				client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				up := endpoint.accept()
				up.head()
				up.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nhello", length))
				client.expectTorn("GET")
				up.expectClosed()
			})
		}
	}
}

// An endpoint that takes no more of a request has a timeout of its own.
func TestEndpointThatStopsReadingIs504(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"with a length": fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 64*mebi),
		"chunked":       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4000000\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everythingBy(idleAfter(300*time.Millisecond), endpoint.address))
			client := p.dial()
			client.send(head)
			endpoint.accept().head()
			go func() {
				// What comes after the answer is dropped, so that all of it may be written.
				block := make([]byte, mebi)
				for range 64 {
					if _, err := client.Write(block); err != nil {
						return
					}
				}
			}()
			// A close says that the answer came before the end of the upload.
			if got := client.reply("POST"); got.Status != 504 || got.reason() != "UpstreamTimeout" || !got.Close {
				t.Errorf("got %d %q, close %v, want 504 UpstreamTimeout and a close", got.Status, got.reason(), got.Close)
			}
		})
	}
}
