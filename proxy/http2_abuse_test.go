// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/observe"
)

// A client that makes the proxy work for nothing is told to calm down, and the connection ends.
func TestFloodEndsTheConnection(t *testing.T) {
	t.Parallel()
	const flood = 5000
	data := [8]byte{}
	for _, test := range []struct {
		name string
		// send sends the i-th of the flood.
		send func(f *frames, i int) error
	}{
		{"PING", func(f *frames, _ int) error { return f.WritePing(false, data) }},
		{"answers to a PING that nobody sent", func(f *frames, _ int) error { return f.WritePing(true, data) }},
		{"SETTINGS", func(f *frames, _ int) error { return f.WriteSettings() }},
		{"acknowledgements of SETTINGS", func(f *frames, _ int) error { return f.WriteSettingsAck() }},
		{"SETTINGS that move all windows", func(f *frames, i int) error {
			return f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(i)})
		}},
		{"PRIORITY", func(f *frames, _ int) error { return f.WritePriority(3, http2.PriorityParam{Weight: 1}) }},
		{"PRIORITY_UPDATE", func(f *frames, _ int) error { return f.WriteRawFrame(0x10, 0, 0, []byte("\x00\x00\x00\x01u=1")) }},
		{"frames of an unknown type", func(f *frames, _ int) error { return f.WriteRawFrame(0x77, 0, 0, nil) }},
		{"WINDOW_UPDATE", func(f *frames, _ int) error { return f.WriteWindowUpdate(0, 1) }},
		{"GOAWAY", func(f *frames, _ int) error { return f.WriteGoAway(0, http2.ErrCodeNo, nil) }},
		{"empty DATA", func(f *frames, i int) error {
			if i == 0 {
				f.request(1, false, head("POST", "/")...)
			}
			return f.WriteData(1, false, nil)
		}},
		{"DATA of padding", func(f *frames, i int) error {
			if i == 0 {
				f.request(1, false, head("POST", "/")...)
			}
			return f.WriteDataPadded(1, false, nil, make([]byte, 5))
		}},
		{"frames on closed streams", func(f *frames, i int) error {
			if i == 0 {
				f.request(1, true, head("POST", "/")...)
				f.check(f.WriteRSTStream(1, http2.ErrCodeCancel))
			}
			return f.WriteData(1, true, []byte("x"))
		}},
		{"rapid resets", func(f *frames, i int) error { // CVE-2023-44487
			_ = f.open(uint32(2*i+1), true, head("GET", "/")...)
			return f.WriteRSTStream(uint32(2*i+1), http2.ErrCodeCancel)
		}},
		{"resets that the proxy is made to send", func(f *frames, i int) error { // CVE-2025-8671
			_ = f.open(uint32(2*i+1), true, head("GET", "/")...)
			return f.WriteWindowUpdate(uint32(2*i+1), 0)
		}},
		{"WebSockets that are reset", func(f *frames, i int) error {
			_ = f.open(uint32(2*i+1), false, connect("/")...)
			return f.WriteRSTStream(uint32(2*i+1), http2.ErrCodeCancel)
		}},
		{"WebSockets beyond the limit", func(f *frames, i int) error { return f.open(uint32(2*i+1), false, connect("/")...) }},
		{"malformed WebSockets", func(f *frames, i int) error {
			return f.open(uint32(2*i+1), false, connect("/", "content-length", "1")...)
		}},
		{"malformed requests", func(f *frames, i int) error {
			return f.open(uint32(2*i+1), true, head("GET", "/", "connection", "close")...)
		}},
		{"streams beyond the limit", func(f *frames, i int) error {
			return f.open(uint32(2*i+1), false, head("POST", "/")...)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t) // it answers nothing
			p := serve(t, h2c)
			p.apply(everything(endpoint.address))
			c := p.dialFrames()
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				for i := range flood {
					if test.send(c, i) != nil {
						return // it has ended
					}
				}
			}()
			c.expectGoAway(http2.ErrCodeEnhanceYourCalm)
			_ = c.conn.Close()
			<-sent
		})
	}
}

// The proxy does not collect header blocks that do not end, or that grow beyond every head.
func TestHeaderBlockWithoutEndEndsTheConnection(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		fragment []byte
	}{
		{"of empty pieces", nil},
		{"of small pieces", []byte{0x82}},
		{"of large pieces", make([]byte, 16<<10)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c)
			c := p.dialFrames()
			c.check(c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.encode(head("GET", "/")...), EndStream: true}))
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				for range 1000 {
					if c.WriteContinuation(1, false, test.fragment) != nil {
						return
					}
				}
			}()
			c.expectGoAway(http2.ErrCodeEnhanceYourCalm)
			_ = c.conn.Close()
			<-sent
		})
	}
}

// A block that is short on the wire and long when it is decoded costs no memory. The connection goes on.
func TestHeaderBlockThatExpandsIs431(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	c := p.dialFrames()
	value := strings.Repeat("y", 3000)
	c.get(1, "/", "x", value) // it is in the table from now on
	if got := c.answer(1); got.status != "404" {
		t.Fatalf("got %v, want 404", got)
	}
	fields := head("GET", "/")
	for range 10_000 {
		fields = append(fields, "x", value)
	}
	c.longRequest(3, fields...)
	if got := c.answer(3); got.status != "431" {
		t.Errorf("got %v, want 431", got)
	}
}

// What a client resets costs an endpoint no more: its connection is closed at once. Until then, streams that were reset
// keep their places.
func TestResetStreamEndsTheWorkOnIt(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	var log safeBuffer
	p := serve(t, h2c, func(c *Config) { c.AccessLog, c.AccessLogWriter = observe.LogJSON, &log })
	p.apply(everythingBy(noTimeouts, endpoint.address))
	for _, test := range []struct{ name, response string }{
		{"before the response", ""},
		{"in the midst of the response", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := p.dialFrames()
			path := "/" + strings.ReplaceAll(test.name, " ", "-")
			c.get(1, path)
			up := endpoint.accept()
			up.head()
			if up.send(test.response); test.response != "" {
				for got := ""; got != "hello"; {
					if data, ok := c.next().(*http2.DataFrame); ok {
						got += string(data.Data())
					}
				}
			}
			c.check(c.WriteRSTStream(1, http2.ErrCodeCancel))
			up.expectClosed()
			await(t, "the record", func() bool { return strings.Contains(log.text(), path) })
			c.ping()
		})
	}
	for line := range strings.Lines(log.text()) {
		if !strings.Contains(line, `"reason":"ClientClosed"`) || !strings.Contains(line, `"protocol":"HTTP/2"`) {
			t.Errorf("the record is %s, want ClientClosed over HTTP/2", line)
		}
	}
}

func TestStreamsBeyondTheLimitAreRefusedUntilOthersEnd(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	b := startBackend(t, func(http.ResponseWriter, *http.Request) { <-release })
	p := serve(t, h2c)
	p.apply(everything(b.address))
	c := p.dialFrames()
	limit := c.settings[http2.SettingMaxConcurrentStreams]
	for i := range limit {
		c.get(2*i+1, "/")
	}
	refused := 2*limit + 1
	c.get(refused, "/")
	if got := c.answer(refused); got.reset != http2.ErrCodeRefusedStream {
		t.Errorf("got %v, want a reset with REFUSED_STREAM", got)
	}
	close(release)
	ended := 0
	for ended < int(limit) {
		switch frame := c.next().(type) {
		case *http2.MetaHeadersFrame:
			if frame.PseudoValue("status") != "200" {
				t.Errorf("stream %d got %v", frame.StreamID, frame.PseudoFields())
			}
			if frame.StreamEnded() {
				ended++
			}
		case *http2.DataFrame:
			if frame.StreamEnded() {
				ended++
			}
		case *http2.RSTStreamFrame:
			t.Errorf("stream %d was reset with %v", frame.StreamID, frame.ErrCode)
		}
	}
	c.get(refused+2, "/")
	if got := c.answer(refused + 2); got.status != "200" {
		t.Errorf("then got %v, want 200", got)
	}
}

// A window of some bytes makes the proxy send a frame for each. A window of a kilobyte is a small client's.
func TestTinyWindowsEndTheConnectionAndSmallOnesDoNot(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("x", 256<<10)
	b := startBackend(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, content) })
	for _, window := range []uint32{15, 1024} {
		t.Run(fmt.Sprint(window), func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c)
			p.apply(everything(b.address))
			c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window})
			c.get(1, "/")
			if window == 1024 {
				if got := c.answer(1); got.body != content {
					t.Errorf("got %v, want all content", got)
				}
				return
			}
			for {
				switch frame := c.next().(type) {
				case *http2.DataFrame:
					if frame.StreamEnded() {
						t.Fatal("all of the content came")
					}
					if n := uint32(len(frame.Data())); n > 0 {
						// The connection may have ended.
						_ = c.WriteWindowUpdate(1, n)
					}
				case *http2.GoAwayFrame:
					if frame.ErrCode != http2.ErrCodeEnhanceYourCalm {
						t.Errorf("GOAWAY %v, want ENHANCE_YOUR_CALM", frame.ErrCode)
					}
					return
				}
			}
		})
	}
}
