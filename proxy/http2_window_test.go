// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// takeData reads until n bytes of a stream's content have come.
func (f *frames) takeData(stream uint32, n int) {
	f.tb.Helper()
	for n > 0 {
		if data, ok := f.next().(*http2.DataFrame); ok && data.StreamID == stream {
			n -= len(data.Data())
		}
	}
}

// A client may take back what it allowed before (RFC 9113, section 6.9.2). If a response ends then, with no content
// left to send, it ends all the same.
func TestResponseEndsWhileItsWindowIsNegative(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, rest, trailer string }{
		{"without trailers", "0\r\n\r\n", ""},
		{"with trailers", "0\r\nx-t: v\r\n\r\n", "v"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, h2c)
			p.apply(everything(endpoint.address))
			c := p.dialFrames()
			c.get(1, "/")
			up := endpoint.accept()
			up.head()
			up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
			c.takeData(1, 5)
			c.check(c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}))
			c.ping()
			up.send(test.rest)
			if got := c.answer(1); !got.ended || got.trailer["x-t"] != test.trailer {
				t.Errorf("got %v and the trailers %v, want the end", got, got.trailer)
			}
		})
	}
}

// A stream that cannot use the connection's window leaves it to the next.
func TestConnectionWindowGoesToAStreamThatCanUseIt(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("x", 200_000)
	b := startBackend(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, content) })
	p := serve(t, h2c)
	p.apply(everything(b.address))
	c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 70_000})
	c.get(1, "/")
	c.takeData(1, 65535) // all of the connection's window
	c.get(3, "/")
	await(t, "the wait of both", func() bool { return p.queued() == 2 })
	c.check(c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 60_000}))
	c.ping() // the first one's window is negative
	c.check(c.WriteWindowUpdate(0, 1000))
	c.takeData(3, 1000)
}

// What takes nothing of the connection's window does not wait for it.
func TestResponseWithoutContentPassesThoseThatWaitForTheConnectionsWindow(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("x", 200_000)
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			w.Header().Set("X-Long", content[:40_000])
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = io.WriteString(w, content)
	})
	p := serve(t, h2c)
	p.apply(everything(b.address))
	c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	c.get(1, "/")
	c.takeData(1, 65535)
	const n = 20
	for i := range uint32(n) {
		c.get(2*i+3, "/none")
	}
	for ended := 0; ended < n; {
		if head, ok := c.next().(*http2.MetaHeadersFrame); ok && head.StreamEnded() {
			ended++
		}
	}
}

// A client that does not know of the end yet may send whole requests after it, even with trailers. They are dropped,
// and those that run go on (RFC 9113, section 6.8).
func TestRequestsBehindTheEndDisturbNobody(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	c.get(1, "/")
	up := endpoint.accept()
	up.head()
	p.ended = true
	ended := p.shutdown(context.Background())
	for c.goAway().LastStreamID != 1 {
	}
	for i := range uint32(10) {
		stream := 2*i + 3
		c.request(stream, false, head("POST", "/")...)
		c.check(c.WriteData(stream, false, []byte("hello")))
		c.request(stream, true, "x-trailer", fmt.Sprint(i))
	}
	c.ping()
	up.send(okReply)
	if got := c.answer(1); got.status != "200" || got.body != "ok" {
		t.Errorf("the running request got %v, want 200", got)
	}
	c.expectEnd()
	if err := receive(t, "the end of the drain", ended); err != nil {
		t.Errorf("draining: %v", err)
	}
}
