// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// hurried is a least rate that no client of these tests reaches, after a short time.
func hurried(c *Config) { c.MinRate, c.MinRateGrace = 1_000_000, 500*time.Millisecond }

// drip sends a text again and again, with pauses, until done is closed.
func drip(done <-chan struct{}, send func() error) {
	for {
		select {
		case <-done:
			return
		case <-time.After(20 * time.Millisecond):
			if send() != nil {
				return
			}
		}
	}
}

func TestContentThatComesTooSlowlyIs408(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	for _, test := range []struct{ name, head, piece string }{
		{"with a length", "Content-Length: 1000000\r\n\r\n", "x"},
		{"in chunks", "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, over TLS %v", test.name, secure), func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t, hurried)
				p.apply(with(everything(endpoint.address), issue(t, "a", key, "a")))
				client, send := p.dialAs(secure)
				send("POST / HTTP/1.1\r\nHost: a\r\n" + test.head + test.piece)
				up := endpoint.accept()
				done, dripping := make(chan struct{}), make(chan struct{})
				go func() {
					defer close(dripping)
					drip(done, func() error { send(test.piece); return nil })
				}()
				if _, err := client.in.Peek(1); err != nil {
					t.Error(err)
				}
				close(done)
				<-dripping
				if got := client.reply("POST"); got.Status != 408 || got.reason() != "RequestTimeout" {
					t.Errorf("got %d %q, want 408 RequestTimeout", got.Status, got.reason())
				}
				_, _ = up.ending() // it matters that it ends, not how
			})
		}
	}
	t.Run("over HTTP/2", func(t *testing.T) {
		t.Parallel()
		endpoint := startScript(t)
		p := serve(t, h2c, hurried)
		p.apply(everything(endpoint.address))
		c := p.dialFrames()
		c.request(1, false, head("POST", "/")...)
		done, dripping := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(dripping)
			// The answer is read beside this, and reading has the frames' own writer answer.
			frame := http2.NewFramer(c.conn, nil)
			drip(done, func() error { return frame.WriteData(1, false, []byte("x")) })
		}()
		got := c.answer(1)
		close(done)
		<-dripping
		if got.status != "408" || got.reason() != "RequestTimeout" {
			t.Errorf("got %v, want 408 RequestTimeout", got)
		}
	})
}

// An endpoint that does not read is not the client's fault.
func TestContentThatTheEndpointDoesNotTakeIsNotSlow(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, hurried)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", longUpload))
	sending := make(chan error, 1)
	go func() {
		_, err := client.Write(make([]byte, longUpload))
		sending <- err
	}()
	up := endpoint.accept()
	up.head()
	began := p.engine.Clock.Now()
	await(t, "several times the grace", func() bool { return p.engine.Clock.Now()-began > 2*time.Second })
	if _, err := io.CopyN(io.Discard, up.in, longUpload); err != nil {
		t.Fatalf("reading the content: %v", err)
	}
	up.send(okReply)
	if err := receive(t, "the end of the upload", sending); err != nil {
		t.Error(err)
	}
	if got := client.reply("POST"); got.Status != 200 {
		t.Errorf("got %d %q, want 200", got.Status, got.reason())
	}
}

// endless answers with what nobody can take in time: events, calls or plain content by its path.
func endless(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/events":
		w.Header().Set("Content-Type", "text/event-stream")
	case "/call":
		w.Header().Set("Content-Type", "application/grpc")
	case "/length":
		w.Header().Set("Content-Length", fmt.Sprint(1<<40))
	}
	block := []byte(strings.Repeat("x", 64<<10))
	for {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func TestResponseThatIsTakenTooSlowlyIsCutOff(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	b := startBackend(t, endless)
	for _, path := range []string{"/", "/length"} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, over TLS %v", path, secure), func(t *testing.T) {
				t.Parallel()
				p := serve(t, hurried)
				p.apply(with(everything(b.address), issue(t, "a", key, "a")))
				client, send := p.dialAs(secure)
				if err := client.SetReadBuffer(4 << 10); err != nil {
					t.Fatal(err)
				}
				send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
				client.head()
				await(t, "the end of the request", func() bool {
					_, _ = client.in.ReadByte()
					time.Sleep(10 * time.Millisecond)
					return p.activeRequests() == 0
				})
			})
		}
	}
	for _, test := range []struct {
		name string
		// stream is set if the stream's own window is small, and not the connection's.
		stream bool
	}{
		{"over HTTP/2, by a stream's window", true},
		{"over HTTP/2, by the connection's window", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c, hurried)
			p.apply(everything(b.address))
			window := uint32(1 << 20)
			if test.stream {
				window = 1000
			}
			c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window})
			c.get(1, "/")
			done, dripping := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(dripping)
				drip(done, func() error {
					if test.stream {
						return c.WriteWindowUpdate(1, 600)
					}
					return c.WriteWindowUpdate(0, 600)
				})
			}()
			for ended := false; !ended; {
				frame, err := c.ReadFrame()
				if err != nil {
					t.Fatal(err)
				}
				switch frame := frame.(type) {
				case *http2.RSTStreamFrame:
					if ended = true; !test.stream || frame.ErrCode != http2.ErrCodeCancel {
						t.Errorf("got %v, want a reset with CANCEL: %v", frame, test.stream)
					}
				case *http2.GoAwayFrame:
					if ended = true; test.stream || frame.ErrCode != http2.ErrCodeEnhanceYourCalm {
						t.Errorf("got %v, want the end of the connection: %v", frame, !test.stream)
					}
				}
			}
			close(done)
			<-dripping
		})
	}
}

// Event streams and calls of gRPC may be as slow as they are.
func TestEventStreamsHaveNoLeastRate(t *testing.T) {
	t.Parallel()
	b := startBackend(t, endless)
	for _, path := range []string{"/events", "/call"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c, hurried)
			p.apply(everything(b.address))
			open := func(path string) *wire {
				c := p.dial()
				if err := c.SetReadBuffer(4 << 10); err != nil {
					t.Fatal(err)
				}
				c.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
				c.head()
				return c
			}
			free := open(path)
			c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
			c.get(1, path)
			await(t, "a stream that waits", func() bool { return p.activeRequests() == 2 })
			began := p.engine.Clock.Now()
			await(t, "some time", func() bool { return p.engine.Clock.Now()-began > 300*time.Millisecond })
			// These begin later, and are cut off.
			open("/")
			later := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
			later.get(1, "/")
			for {
				if reset, ok := later.next().(*http2.RSTStreamFrame); ok {
					if reset.ErrCode != http2.ErrCodeCancel {
						t.Errorf("got %v, want CANCEL", reset)
					}
					break
				}
			}
			await(t, "the end of the others", func() bool { return p.activeRequests() == 2 })
			free.abort()
			c.check(c.WriteRSTStream(1, http2.ErrCodeCancel))
		})
	}
}

// Of many streams that wait for their own windows, only some go on to wait.
func TestStreamsThatStarveAreFew(t *testing.T) {
	t.Parallel()
	const streams, most = 40, 16
	b := startBackend(t, endless)
	for name, isCall := range map[string]bool{"of requests": false, "of what is said to be a call": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c, func(c *Config) { c.MinRate, c.MinRateGrace = 500, patience })
			p.apply(everything(b.address))
			c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
			for i := range uint32(streams) {
				if !isCall {
					c.get(2*i+1, "/")
					continue
				}
				c.request(2*i+1, false, head("POST", "/", "content-type", "application/grpc", "content-length", "1")...)
			}
			if isCall {
				await(t, "the calls to begin", func() bool { return p.activeRequests() == streams })
				for i := range uint32(streams) {
					c.check(c.WriteData(2*i+1, true, []byte("x")))
				}
			}
			for range streams - most {
				for {
					if reset, ok := c.next().(*http2.RSTStreamFrame); ok {
						if reset.ErrCode != http2.ErrCodeCancel {
							t.Errorf("got %v, want CANCEL", reset)
						}
						break
					}
				}
			}
			await(t, "the end of the others", func() bool { return p.activeRequests() == most })
			_ = c.conn.Close()
		})
	}
}
