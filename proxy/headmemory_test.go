// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/headmemory"
)

func headMemoryOf(n int) func(*Config) { return func(c *Config) { c.HeadMemory = n } }

// Connections that hold long heads over HTTP/2 fill the memory. A client that holds nothing sends one more head. That
// is served, and one of the connections ends.
func TestClientThatHoldsMostEndsForOneThatHoldsLittle(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, headMemoryOf(headmemory.Least))
	p.apply(everything(endpoint.address))
	var all []*frames
	for range 5 {
		c := p.dialFrames()
		for i := range uint32(2) {
			c.get(2*i+1, "/", amplified()...)
		}
		c.ping()
		all = append(all, c)
	}
	for i := range uint32(2) { // the one that holds most
		all[0].get(2*i+5, "/", amplified()...)
	}
	all[0].ping()
	for p.heads.Refusals(headmemory.Process) == 0 {
		c := p.dialFrames()
		c.get(1, "/", amplified()...)
		if n := len(c.refusals()); n > 0 {
			t.Error("a client that holds nothing was refused")
		}
	}
	all[0].expectGoAway(http2.ErrCodeEnhanceYourCalm)
	for _, c := range all[1:] {
		c.ping()
	}
}

// Memory is given back when a connection has ended, or when its heads were passed on.
func TestHeadMemoryComesBack(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("X: "+strings.Repeat("y", 9000)+"\r\n", 3)
	for _, test := range []struct {
		name string
		hold func(t *testing.T, p *served, endpoint *script) (release func())
	}{
		{"requests over HTTP/2 that wait", func(_ *testing.T, p *served, _ *script) func() {
			c := p.dialFrames()
			c.get(1, "/", amplified()...)
			c.ping()
			return func() { c.check(c.WriteRSTStream(1, http2.ErrCodeCancel)) }
		}},
		{"a connection of HTTP/2 that ends", func(_ *testing.T, p *served, _ *script) func() {
			c := p.dialFrames()
			c.get(1, "/", amplified()...)
			c.ping()
			return func() { _ = c.conn.Close() }
		}},
		{"a header block in pieces", func(_ *testing.T, p *served, _ *script) func() {
			c := p.dialFrames()
			c.check(c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: make([]byte, 16<<10)}))
			return func() { _ = c.conn.Close() }
		}},
		{"trailers over HTTP/2", func(_ *testing.T, p *served, _ *script) func() {
			c := p.dialFrames()
			c.request(1, false, head("POST", "/")...)
			c.request(1, true, amplified()...)
			c.ping()
			return func() { c.check(c.WriteRSTStream(1, http2.ErrCodeCancel)) }
		}},
		{"a head that is incomplete", func(_ *testing.T, p *served, _ *script) func() {
			c := p.dial()
			c.send("GET / HTTP/1.1\r\nHost: a\r\n" + long)
			return func() { _ = c.Close() }
		}},
		{"a head that waits for its response", func(_ *testing.T, p *served, endpoint *script) func() {
			c := p.dial()
			c.send("GET / HTTP/1.1\r\nHost: a\r\n" + long + "\r\n")
			up := endpoint.accept()
			up.head()
			return func() { up.send(okReply); c.reply("GET") }
		}},
		{"trailers that are incomplete", func(_ *testing.T, p *served, _ *script) func() {
			c := p.dial()
			c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + long)
			return func() { _ = c.Close() }
		}},
		{"a response's head that is incomplete", func(_ *testing.T, p *served, endpoint *script) func() {
			c := p.dial()
			c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + long)
			return func() { up.send("\r\nok"); c.reply("GET") }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, h2c)
			p.apply(everything(endpoint.address))
			release := test.hold(t, p, endpoint)
			await(t, "the memory to be taken", func() bool { return p.heads.Held() > 0 })
			release()
			await(t, "the memory to come back", func() bool { return p.heads.Held() == 0 })
		})
	}
}

// A head that was passed on takes no memory any more, although the exchange goes on.
func TestHeadThatWasPassedOnTakesNoMemory(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("X: "+strings.Repeat("y", 9000)+"\r\n", 3)
	t.Run("a request's, while its content comes", func(t *testing.T) {
		t.Parallel()
		endpoint := startScript(t)
		p := serve(t)
		p.apply(everything(endpoint.address))
		c := p.dial()
		c.send("POST /path HTTP/1.1\r\nHost: a\r\n" + long + "Content-Length: 10\r\n\r\nhello")
		up := endpoint.accept()
		up.head()
		up.expect("hello")
		await(t, "the memory to come back", func() bool { return p.heads.Held() == 0 })
		c.send("world")
		up.expect("world")
		up.send(okReply)
		if got := c.reply("POST"); got.Status != 200 {
			t.Errorf("got %d, want 200", got.Status)
		}
	})
	t.Run("a request's, while the response comes", func(t *testing.T) {
		t.Parallel()
		endpoint := startScript(t)
		p := serve(t)
		p.apply(everything(endpoint.address))
		c := p.dial()
		c.send("GET /path HTTP/1.1\r\nHost: a\r\n" + long + "\r\n")
		up := endpoint.accept()
		up.head()
		up.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		await(t, "the memory to come back", func() bool { return p.heads.Held() == 0 })
		up.send("world")
		if got := c.reply("GET"); got.Status != 200 || got.Body != "helloworld" {
			t.Errorf("got %d %q, want 200", got.Status, got.Body)
		}
	})
	t.Run("a response's, while its content comes", func(t *testing.T) {
		t.Parallel()
		endpoint := startScript(t)
		p := serve(t)
		p.apply(everything(endpoint.address))
		c := p.dial()
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		up := endpoint.accept()
		up.head()
		up.send("HTTP/1.1 200 OK\r\n" + long)
		await(t, "the memory to be taken", func() bool { return p.heads.Held() > 0 })
		up.send("Content-Length: 10\r\n\r\nhello")
		await(t, "the memory to come back", func() bool { return p.heads.Held() == 0 })
		up.send("world")
		if got := c.reply("GET"); got.Status != 200 || got.Body != "helloworld" || len(got.Header["X"]) != 3 {
			t.Errorf("got %d %q and %d fields, want 200", got.Status, got.Body, len(got.Header["X"]))
		}
	})
}

// Slow clients of HTTP/1.1 share the same memory.
func TestLongHeadBeyondTheMemoryOfAllIs431(t *testing.T) {
	t.Parallel()
	const slow = 30
	p := serve(t, headMemoryOf(headmemory.Least))
	begun := "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 9000)
	var all []*wire
	for range slow {
		c := p.dial()
		c.send(begun)
		all = append(all, c)
	}
	await(t, "a refusal", func() bool { return p.heads.Refusals(headmemory.Process) > 0 })
	// A head of usual length is served.
	if got := p.get("a", "/"); got.Status != 404 {
		t.Errorf("a usual request got %d %q, want 404", got.Status, got.reason())
	}
	c := p.dial()
	c.send(begun)
	if got := c.reply("GET"); got.Status != 431 || got.reason() != "HeadTooLarge" ||
		!strings.Contains(got.Body, "memory") {
		t.Errorf("got %d %q, want 431 HeadTooLarge", got.Status, got.Body)
	}
	for _, c := range all {
		_ = c.Close()
	}
	await(t, "the memory to come back", func() bool { return p.heads.Held() == 0 })
	c = p.dial()
	c.send(begun + "\r\n\r\n")
	if got := c.reply("GET"); got.Status != 404 {
		t.Errorf("then got %d %q, want 404", got.Status, got.reason())
	}
}
