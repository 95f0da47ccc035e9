// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/downstream"
)

// goAway reads until a GOAWAY and skips everything else.
func (f *frames) goAway() *http2.GoAwayFrame {
	f.tb.Helper()
	for {
		if frame, ok := f.next().(*http2.GoAwayFrame); ok {
			return frame
		}
	}
}

func TestIdleHTTP2ConnectionIsClosedAfterTheIdleTime(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c, func(c *Config) { c.IdleTimeout = 2 * time.Second })
	fresh := p.dialHasty(func(*http2.Framer, *frames) {})
	if got := fresh.goAway(); got.ErrCode != http2.ErrCodeNo || got.LastStreamID != 0 {
		t.Errorf("got %v, want NO_ERROR and no stream", got)
	}
	fresh.expectEnd()
}

// A PING does not keep a connection: one without a stream is idle.
func TestPingDoesNotKeepAConnection(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c, func(c *Config) { c.IdleTimeout = 2 * time.Second })
	c := p.dialHasty(func(*http2.Framer, *frames) {})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c.WritePing(false, [8]byte{}) == nil {
			time.Sleep(20 * time.Millisecond) // the pace of the load
		}
	}()
	if got := c.goAway(); got.ErrCode != http2.ErrCodeNo {
		t.Errorf("got %v, want NO_ERROR", got)
	}
	c.expectEnd()
	_ = c.conn.Close()
	<-done
}

func TestStreamsOutliveTheIdleTimeOverHTTP2(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, func(c *Config) { c.IdleTimeout, c.ReadTimeout = 2*time.Second, 2*time.Second })
	p.apply(everythingBy(noTimeouts, endpoint.address))
	c := p.dialHasty(func(w *http2.Framer, f *frames) {
		f.check(w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.encode(head("GET", "/")...), EndStream: true, EndHeaders: true}))
	})
	up := endpoint.accept()
	up.head()
	looked := p.engine.Clock.Now()
	await(t, "several idle times", func() bool { return p.engine.Clock.Now()-looked > 5*time.Second })
	up.send(okReply)
	if got := c.answer(1); got.status != "200" || got.body != "ok" {
		t.Errorf("got %v, want 200", got)
	}
}

func TestContentThatStallsIs408OverHTTP2(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, func(c *Config) { c.ReadTimeout = 50 * time.Millisecond })
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	c.request(1, false, head("POST", "/", "content-length", "10")...)
	c.check(c.WriteData(1, false, []byte("hello")))
	if got := c.answer(1); got.status != "408" || got.reason() != "RequestTimeout" {
		t.Errorf("got %v, want 408 RequestTimeout", got)
	}
	c.ping()
}

// A frame or a header block that does not come whole holds nothing up for longer than the read timeout.
func TestFrameThatStallsEndsTheConnection(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(f *frames){
		"part of a frame's header": func(f *frames) { f.must(f.conn.Write([]byte{0, 0})) },
		"part of a frame":          func(f *frames) { f.must(f.conn.Write([]byte{0, 0, 8, 6, 0, 0, 0, 0, 0, 1})) },
		"part of a header block": func(f *frames) {
			f.check(f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.encode(head("GET", "/")...), EndStream: true}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c, func(c *Config) { c.ReadTimeout = 50 * time.Millisecond })
			c := p.dialFrames()
			send(c)
			c.expectEnd()
		})
	}
	t.Run("part of the preface", func(t *testing.T) {
		t.Parallel()
		p := serve(t, h2c, func(c *Config) { c.ReadTimeout = 50 * time.Millisecond })
		c := p.dial()
		c.send(http2.ClientPreface[:20])
		if rest, err := c.ending(); err != nil && !isReset(err) {
			t.Errorf("received %q (%v), want the end", rest, err)
		}
	})
}

// A client that opens no window ends only its own stream.
func TestClientThatTakesNothingIsCutOffOverHTTP2(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("x", 100_000)
	b := startBackend(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, content) })
	p := serve(t, h2c, func(c *Config) { c.WriteTimeout = 100 * time.Millisecond })
	p.apply(everything(b.address))
	c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
	c.get(1, "/")
	for {
		if frame, ok := c.next().(*http2.RSTStreamFrame); ok {
			if frame.StreamID != 1 || frame.ErrCode != http2.ErrCodeCancel {
				t.Errorf("got %v, want a reset with CANCEL", frame)
			}
			break
		}
	}
	c.ping()
}

// Many clients that stop reading hold up nobody else, and take little memory.
func TestClientsThatStopReadingHoldUpNobody(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("x", 1<<20)
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			_, _ = io.WriteString(w, content)
		}
	})
	p := serve(t, h2c)
	p.apply(everything(b.address))
	for range 16 {
		stopped := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30})
		stopped.check(stopped.WriteWindowUpdate(0, 1<<30))
		for i := range uint32(20) {
			stopped.get(2*i+1, "/long")
		}
	}
	c := p.dialFrames()
	for i := range uint32(100) {
		c.get(2*i+1, "/")
		if got := c.answer(2*i + 1); got.status != "200" {
			t.Fatalf("got %v, want 200", got)
		}
	}
}

func TestDrainOfHTTP2(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	idle, unused, busy := p.dialFrames(), p.dialFrames(), p.dialFrames()
	idle.request(1, true, ":method", "CONNECT", ":authority", "a")
	idle.answer(1)
	busy.get(1, "/")
	up := endpoint.accept()
	up.head()

	// This is the drain delay, for as long as the test wants it.
	p.server.Announce()
	for _, c := range []*frames{idle, busy} {
		if got := c.goAway(); got.ErrCode != http2.ErrCodeNo || got.LastStreamID != 1<<31-1 {
			t.Errorf("at first got %v, want NO_ERROR and every stream", got)
		}
	}
	// What the client sent before it knew is served.
	busy.get(3, "/")
	second := endpoint.accept()
	second.head()
	second.send(okReply)
	if got := busy.answer(3); got.status != "200" {
		t.Errorf("after the announcement got %v, want 200", got)
	}
	p.ended = true
	ended := p.shutdown(context.Background())
	for _, test := range []struct {
		c    *frames
		last uint32
	}{{idle, 1}, {unused, 0}} {
		if got := test.c.goAway(); got.ErrCode != http2.ErrCodeNo || got.LastStreamID != test.last {
			t.Errorf("then got %v, want NO_ERROR and stream %d", got, test.last)
		}
		test.c.expectEnd()
	}
	if got := busy.goAway(); got.LastStreamID != 3 {
		t.Errorf("then got %v, want stream 3", got)
	}
	busy.get(5, "/") // it is not served, and the client knows
	up.send(okReply)
	if got := busy.answer(1); got.status != "200" || got.body != "ok" {
		t.Errorf("the running request got %v, want 200", got)
	}
	busy.expectEnd()
	if err := receive(t, "the end of the drain", ended); err != nil {
		t.Errorf("draining: %v", err)
	}
	if n := endpoint.accepted.Load(); n != 2 {
		t.Errorf("the endpoint got %d connections, want 2", n)
	}
}

func TestOverlongStreamsAreCutAtTheEndOfTheDrain(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, func(c *Config) { c.DrainTimeout = 100 * time.Millisecond })
	p.apply(everythingBy(noTimeouts, endpoint.address))
	c := p.dialFrames()
	c.get(1, "/")
	up := endpoint.accept()
	up.head()
	p.ended = true
	if err := receive(t, "the end of the drain", p.shutdown(context.Background())); err == nil {
		t.Error("the drain says that nothing was cut")
	}
	c.expectEnd()
	up.expectClosed()
}

func TestClientThatLeavesEndsItsStreams(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, unlimited)
	p.apply(everythingBy(noTimeouts, endpoint.address))
	c := p.dialFrames()
	var ups []*wire
	for i := range uint32(3) {
		c.get(2*i+1, fmt.Sprintf("/%d", i))
		up := endpoint.accept()
		up.head()
		ups = append(ups, up)
	}
	_ = c.conn.Close()
	for _, up := range ups {
		up.expectClosed()
	}
	await(t, "the end of the connection", func() bool { return p.server.Open() == 0 })
}

// What is more urgent goes first if there is not room for all (RFC 9218).
func TestUrgentResponsesGoFirst(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("x", 200_000)
	b := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content))) // so that the last of it ends the stream
		_, _ = io.WriteString(w, content)
	})
	p := serve(t, h2c)
	p.apply(everything(b.address))
	c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	// The connection's window holds them all up once it is used up.
	c.get(1, "/", "priority", "u=5")
	for used := 0; used < 65535; {
		if data, ok := c.next().(*http2.DataFrame); ok {
			used += len(data.Data())
		}
	}
	c.get(3, "/", "priority", "u=6")
	c.get(5, "/", "priority", "u=6")
	c.get(7, "/", "priority", "u=1")
	c.check(c.WriteRawFrame(0x10, 0, 0, []byte("\x00\x00\x00\x05u=0"))) // stream 5 after all
	var order []uint32
	for len(order) < 4 {
		await(t, "the wait of all", func() bool { return p.queued() == 4-len(order) })
		const window = 16 << 10
		c.check(c.WriteWindowUpdate(0, window))
		for used := 0; used < window; {
			data, ok := c.next().(*http2.DataFrame)
			if !ok {
				continue
			}
			if used += len(data.Data()); data.StreamEnded() {
				order = append(order, data.StreamID)
				used = window
			}
		}
	}
	if got := fmt.Sprint(order); got != "[5 7 1 3]" {
		t.Errorf("they ended in the order %v, want 5 7 1 3", got)
	}
}

// queued returns how many streams wait for what they share with others.
func (s *served) queued() (n int) {
	s.server.Each(func(c downstream.Conn) {
		if c, ok := c.(interface{ Waiting() int }); ok {
			n += c.Waiting()
		}
	})
	return n
}
