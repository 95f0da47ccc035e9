// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// A tunnel has no place for trailers (RFC 9113, section 8.5).
func TestHeadersWithinATunnelEndIt(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	up := c.socketOn(1, endpoint)
	c.request(1, true, "x", "y")
	if got := c.streamEnd(1); got != http2.ErrCodeProtocol {
		t.Errorf("the stream ended with %v, want PROTOCOL_ERROR", got)
	}
	up.expectClosed()
	c.ping()
}

func TestHalfClosesPassThroughAStream(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()

	up := c.socketOn(1, endpoint)
	c.check(c.WriteData(1, true, []byte("last words")))
	up.expect("last words")
	up.expectEnd()
	for i := range 3 {
		up.send(fmt.Sprintf("still here %d", i))
		c.hear(1, fmt.Sprintf("still here %d", i))
	}
	_ = up.Close()
	if got := c.answer(1); got.reset != http2.ErrCodeNo || !got.ended {
		t.Errorf("got %v, want the orderly end", got)
	}

	up = c.socketOn(3, endpoint)
	up.send("last words")
	_ = up.CloseWrite()
	if got := c.answer(3); got.body != "last words" || got.reset != http2.ErrCodeNo {
		t.Errorf("got %v, want the last words and the orderly end", got)
	}
	for i := range 3 {
		c.tell(3, fmt.Sprintf("still here %d", i))
		up.expect(fmt.Sprintf("still here %d", i))
	}
	c.check(c.WriteData(3, true, nil))
	up.expectEnd()

	// The client may have ended its direction before there is a tunnel.
	c.request(5, true, connect("/")...)
	up = endpoint.accept()
	up.send(switchedFor(up.request().Header.Get("Sec-WebSocket-Key")))
	up.expectEnd()
	c.responseHead(5)
	up.send("only words")
	c.hear(5, "only words")
}

// A reset is not an end (RFC 8441, section 5). Other streams go on.
func TestResetsPassThroughAStream(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	other := c.socketOn(1, endpoint)

	up := c.socketOn(3, endpoint)
	c.check(c.WriteRSTStream(3, http2.ErrCodeCancel))
	if rest, err := up.ending(); rest != "" || !isReset(err) {
		t.Errorf("the endpoint received %q (%v), want a reset", rest, err)
	}
	up = c.socketOn(5, endpoint)
	up.abort()
	if got := c.streamEnd(5); got != http2.ErrCodeCancel {
		t.Errorf("the stream ended with %v, want CANCEL", got)
	}
	c.tell(1, "ping")
	other.expect("ping")
	other.send("pong")
	c.hear(1, "pong")
	_ = c.conn.Close()
	other.expectClosed()
	await(t, "the end of all tunnels", func() bool { return p.endpoint(endpoint.address).Load() == 0 })
}

// A client that is gone ends its tunnel, even if all that is on its way waits for the endpoint.
func TestResetOfAStuckTunnelIsNoticed(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, unlimited)
	p.apply(everythingBy(noTimeouts, endpoint.address))
	c := p.dialFrames()
	c.socketOn(1, endpoint)
	c.fill(1)
	c.check(c.WriteRSTStream(1, http2.ErrCodeCancel))
	await(t, "the end of the tunnel", func() bool { return p.endpoint(endpoint.address).Load() == 0 })
	c.ping()
}

func TestTunnelsCarryMuchBothWaysThroughTightWindows(t *testing.T) {
	t.Parallel()
	const size, window = 2 * mebi, 3000
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window})
	up := c.socketOn(1, endpoint)
	done := make(chan error, 2)
	go func() {
		var err error
		for n := 0; n < size && err == nil; n += len(block) {
			_, err = up.Write([]byte(block))
		}
		if err == nil {
			err = up.CloseWrite()
		}
		done <- err
	}()
	go func() {
		got, err := up.ending()
		if err == nil && got != strings.Repeat(block, size/len(block)) {
			err = fmt.Errorf("the endpoint received %d bytes, want %d", len(got), size)
		}
		done <- err
	}()
	w := c.windowsOf(1)
	received := 0
	for ended := false; !ended || w.sent < size; {
		for w.sent < size && w.send(w.sent+len(block) == size) {
		}
		if ended && w.sent == size {
			break
		}
		frame := c.next()
		w.open(frame)
		switch frame := frame.(type) {
		case *http2.DataFrame:
			n := len(frame.Data())
			if begin := received % 16; string(frame.Data()) != block[begin:begin+n] {
				t.Fatalf("the %d bytes behind %d are others", n, received)
			}
			if received += n; n > 0 {
				c.check(c.WriteWindowUpdate(0, uint32(n)))
				c.check(c.WriteWindowUpdate(1, uint32(n)))
			}
			ended = frame.StreamEnded()
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			t.Fatalf("received %v, with %d bytes received and %d sent", frame, received, w.sent)
		}
	}
	if received != size {
		t.Errorf("the client received %d bytes, want %d", received, size)
	}
	for range 2 {
		if err := receive(t, "the end of the transfer", done); err != nil {
			t.Error(err)
		}
	}
}

// A client or an endpoint that takes nothing from a tunnel holds up only that tunnel.
func TestStuckTunnelHoldsUpNoOtherStream(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10_000})
	c.socketOn(1, endpoint)
	c.fill(1)
	flooding := c.socketOn(3, endpoint)
	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		for {
			if _, err := flooding.Write([]byte(block)); err != nil {
				return
			}
		}
	}()
	c.takeData(3, 10_000) // its whole window
	up := c.socketOn(5, endpoint)
	for range 10 {
		c.tell(5, "ping")
		up.expect("ping")
		up.send("pong")
		c.hear(5, "pong")
	}
	c.check(c.WriteRSTStream(3, http2.ErrCodeCancel))
	receive(t, "the end of the flood", flooded)
}

func TestIdleTunnelOverHTTP2Ends(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, func(c *Config) { c.TunnelIdleTimeout = 2 * time.Second })
	p.apply(everything(endpoint.address))
	c := p.dialHasty(func(w *http2.Framer, f *frames) {
		f.check(w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.encode(connect("/")...), EndHeaders: true}))
	})
	up := endpoint.accept()
	up.send(switchedFor(up.request().Header.Get("Sec-WebSocket-Key")))
	if got := c.streamEnd(1); got != http2.ErrCodeCancel {
		t.Errorf("the stream ended with %v, want CANCEL", got)
	}
	up.expectClosed()
}

// One direction may be silent for any time while the other is not.
func TestTunnelOverHTTP2WithTrafficInOneDirectionLives(t *testing.T) {
	t.Parallel()
	const idle, pause = 4 * time.Second, 100 * time.Millisecond
	for name, fromClient := range map[string]bool{"to the endpoint": true, "to the client": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, h2c, func(c *Config) { c.TunnelIdleTimeout = idle })
			p.apply(everything(endpoint.address))
			c := p.dialFrames()
			up := c.socketOn(1, endpoint)
			toEndpoint := func(text string) { c.tell(1, text); up.expect(text) }
			toClient := func(text string) { up.send(text); c.hear(1, text) }
			if !fromClient {
				toEndpoint, toClient = toClient, toEndpoint
			}
			for range idle/pause + 5 {
				toEndpoint(".")
				<-time.After(pause)
			}
			toClient("still there")
		})
	}
}

func TestTunnelsOverHTTP2LiveThroughTheDrain(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	up := c.socketOn(1, endpoint)
	p.ended = true
	ended := p.shutdown(context.Background())
	for c.goAway().LastStreamID != 1 {
	}
	for range 3 {
		c.tell(1, "ping")
		up.expect("ping")
		up.send("pong")
		c.hear(1, "pong")
	}
	c.check(c.WriteData(1, true, nil))
	up.expectEnd()
	_ = up.Close()
	c.expectEnd()
	if err := receive(t, "the end of the drain", ended); err != nil {
		t.Errorf("draining: %v", err)
	}
}

func TestOverlongTunnelsOverHTTP2AreCutAtTheEndOfTheDrain(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, func(c *Config) { c.DrainTimeout = 100 * time.Millisecond })
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	up := c.socketOn(1, endpoint)
	p.ended = true
	if err := receive(t, "the end of the drain", p.shutdown(context.Background())); err == nil {
		t.Error("the drain says that nothing was cut")
	}
	c.expectEnd()
	up.expectClosed()
}

func TestTunnelOverHTTP2KeepsItsPlace(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(limitedTo(1, 0, endpoint.address))
	c := p.dialFrames()
	up := c.socketOn(1, endpoint)
	c.get(3, "/")
	if got := c.answer(3); got.reason() != "UpstreamBusy" {
		t.Errorf("got %v beside the tunnel, want UpstreamBusy", got)
	}
	_ = up.Close()
	c.check(c.WriteData(1, true, nil))
	await(t, "the tunnel's end", func() bool { return p.endpoint(endpoint.address).Load() == 0 })
}

// If a client gives up while the endpoint still thinks, that costs the endpoint no more.
func TestResetBeforeTheAnswerEndsTheHandshake(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, unlimited)
	p.apply(everythingBy(noTimeouts, endpoint.address))
	c := p.dialFrames()
	c.request(1, false, connect("/")...)
	up := endpoint.accept()
	up.head()
	c.tell(1, "early")
	c.check(c.WriteRSTStream(1, http2.ErrCodeCancel))
	up.expectClosed()
	c.ping()
}

func TestWebSocketsPassFromHTTP2ToTLS(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	a := newAuthority(t, "a")
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}}
	b := startTLSBackend(t, config, func(w http.ResponseWriter, r *http.Request) {
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, switchedFor(r.Header.Get("Sec-WebSocket-Key")))
		_, _ = io.Copy(c, buffered)
	})
	p := serve(t)
	p.apply(with(over(trusting(a), everything(b.address)), issue(t, "a", key, "a")))
	secure, err := tls.Dial("tcp", p.listen("127.0.0.1:0", p.ServeTLS), &tls.Config{ServerName: "a", InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = secure.Close() })
	c := newFrames(t, secure)
	c.request(1, false, connect("/")...)
	c.tell(1, "early")
	c.hear(1, "early")
	for i := range 10 {
		frame := fmt.Sprintf("frame %d %s\x00", i, strings.Repeat("x", i<<10))
		c.tell(1, frame)
		c.hear(1, frame)
	}
	c.check(c.WriteData(1, true, []byte("last words")))
	if got := c.answer(1); got.body != "last words" || !got.ended {
		t.Errorf("got %v, want the last words and the end", got)
	}
}
