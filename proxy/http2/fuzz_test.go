// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

// pooled lends buffers that are never used again, so that a view of one which was given back shows.
type pooled struct{}

func (pooled) Get(n int) []byte { return make([]byte, n) }

func (pooled) Put(b []byte) {
	for i := range b {
		b[i] = 0xdb
	}
}

// canned is a transport that has received everything that it will receive, in pieces.
type canned struct {
	in    *bytes.Reader
	piece int
	mu    sync.Mutex
	out   bytes.Buffer
}

func (c *canned) Read(p []byte) (int, error) { return c.in.Read(p[:min(len(p), c.piece)]) }

func (c *canned) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(p)
}

func (c *canned) Park(size int) ([]byte, int, error) {
	buf := make([]byte, size)
	n, err := c.Read(buf)
	return buf, n, err
}

func (c *canned) Close() error              { return nil }
func (c *canned) CloseWrite() error         { return nil }
func (c *canned) StallAfter(time.Duration)  {}
func (c *canned) ExpireAfter(time.Duration) {}
func (c *canned) StopReading()              {}
func (c *canned) ResumeReading()            {}

// mirror answers each request with its own content, or makes it a tunnel that leads back.
type mirror struct {
	tb testing.TB
	*Stream
}

func (m mirror) Begin(s *Stream) Exchange { return mirror{m.tb, s} }
func (m mirror) Abort()                   {}
func (m mirror) Release()                 {}

func (m mirror) Serve() {
	resp := message.Response{Status: 200, ContentLength: message.UnknownLength}
	if refused := m.Refused(); refused != nil {
		resp.Status = refused.Status
		m.WriteHead(&resp)
		_ = m.Response().End(nil)
		return
	}
	wellFormed(m.tb, &m.Request)
	if len(m.Request.Upgrade) > 0 {
		m.tunnel()
		return
	}
	m.WriteHead(&resp)
	in, out := m.Content(), m.Response()
	for !in.Ended() {
		room, err := out.Room()
		if err != nil {
			return
		}
		n, err := in.Read(room)
		if err != nil && err != io.EOF {
			return
		}
		if out.Advance(n) != nil {
			return
		}
	}
	_ = out.End(in.Trailers())
}

func (m mirror) tunnel() {
	m.WriteHead(&message.Response{Status: 101, NoContent: true, Upgrade: m.Request.Upgrade})
	if m.Response().End(nil) != nil {
		return
	}
	for {
		buf, n, err := m.Park(1)
		if err == io.EOF {
			_ = m.CloseWrite()
		}
		if err != nil {
			return
		}
		_, err = m.Write(buf[:n])
		m.conn.config.Buffers.Put(buf)
		if err != nil {
			return
		}
	}
}

// wellFormed fails if a reader of HTTP/1.1 could take a request for another one, or for two.
func wellFormed(tb testing.TB, r *message.Request) {
	if !message.IsToken(r.Method) || !message.IsTarget(r.Path) || len(r.Path) == 0 || !message.IsTarget(r.Query) ||
		len(r.Authority) == 0 || !message.IsAuthority(r.Authority) {
		tb.Errorf("the request %q %q %q of %q was taken", r.Method, r.Path, r.Query, r.Authority)
	}
	cookies := 0
	for i := range r.Fields {
		f := &r.Fields[i]
		if !message.IsToken(f.Name) || !message.IsValue(f.Value) || bytes.ToLower(f.Name)[0] != f.Name[0] {
			tb.Errorf("the field %q: %q was taken", f.Name, f.Value)
		}
		switch f.Kind {
		case message.Connection, message.TransferEncoding, message.Upgrade, message.KeepAlive, message.ProxyConnection:
			tb.Errorf("the field %q was taken", f.Name)
		case message.Other:
			if string(f.Name) == "cookie" {
				cookies++
			}
		}
	}
	if cookies > 1 {
		tb.Errorf("%d cookies were left", cookies)
	}
}

func testConfig() *Config {
	began := time.Now()
	return &Config{
		Limits: Limits{HeadBytes: 4096, LineBytes: 1024, Fields: 32}, Buffers: pooled{},
		Now: func() time.Duration { return time.Since(began) },
	}
}

// FuzzFrames has a connection read arbitrary bytes after the preface, in pieces. The connection ends, only requests are
// served, and what it sends is well-formed.
func FuzzFrames(f *testing.F) {
	seed := func(write func(*xhttp2.Framer)) {
		var b bytes.Buffer
		write(xhttp2.NewFramer(&b, nil))
		f.Add(b.Bytes(), uint8(50))
		f.Add(b.Bytes(), uint8(1))
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "POST"}, {":scheme", "https"}, {":path", "/a?b"}, {":authority", "a"}, {"cookie", "a=b"}, {"cookie", "c=d"}, {"content-length", "5"}} {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	seed(func(w *xhttp2.Framer) {
		_ = w.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 3})
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, PadLength: 7})
		_ = w.WriteDataPadded(1, true, []byte("hello"), []byte{0, 0})
		_ = w.WriteWindowUpdate(1, 10)
		_ = w.WritePing(false, [8]byte{})
		_ = w.WriteRSTStream(1, xhttp2.ErrCodeCancel)
	})
	seed(func(w *xhttp2.Framer) {
		_ = w.WriteSettings()
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes()[:9]})
		_ = w.WriteContinuation(1, true, block.Bytes()[9:])
		_ = w.WriteData(1, false, []byte("hello"))
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x00, 1, 'x', 1, 'y'}, EndHeaders: true, EndStream: true})
		_ = w.WritePriority(1, xhttp2.PriorityParam{StreamDep: 3})
		_ = w.WriteRawFrame(0x10, 0, 0, []byte("\x00\x00\x00\x01u=1, i"))
		_ = w.WriteGoAway(0, xhttp2.ErrCodeNo, nil)
	})
	seed(func(w *xhttp2.Framer) {
		_ = w.WriteSettings()
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: connectBlock(), EndHeaders: true})
		_ = w.WriteData(1, false, []byte("hello"))
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: connectBlock(), EndHeaders: true})
		_ = w.WriteRSTStream(3, xhttp2.ErrCodeCancel)
		_ = w.WriteData(1, true, []byte("you"))
	})
	f.Fuzz(func(t *testing.T, received []byte, piece uint8) {
		in := append([]byte(preface), received...)
		transport := &canned{in: bytes.NewReader(in), piece: max(1, int(piece))}
		_ = NewServerConn(transport, testConfig(), mirror{tb: t}).Serve(nil)
		sent := xhttp2.NewFramer(nil, bytes.NewReader(transport.out.Bytes()))
		sent.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		for {
			_, err := sent.ReadFrame()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("what was sent is no sequence of frames: %v", err)
			}
		}
	})
}

// connectBlock is the header block of a request for a WebSocket.
func connectBlock() []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"}, {":path", "/a?b"}, {":authority", "a"}} {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	return block.Bytes()
}

// FuzzHeaderBlock decodes arbitrary bytes as a request's header block, and compares with x/net's decoder.
func FuzzHeaderBlock(f *testing.F) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":path", "/a?b"}, {":authority", "a"}, {"te", "trailers"}, {"cookie", "c=d"}, {"host", "a"}} {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	f.Add(block.Bytes(), true)
	f.Add(connectBlock(), false)
	f.Add([]byte{0x82, 0x87, 0x84, 0x41, 1, 'a', 0x00, 1, 'x', 1, '\n'}, false)
	f.Fuzz(func(t *testing.T, encoded []byte, end bool) {
		var h headReader
		var req message.Request
		h.init(testConfig())
		h.begin(&req)
		if h.decode(encoded) != nil {
			return
		}
		if h.finish(end) != nil {
			return
		}
		wellFormed(t, &req)
		fields, err := hpack.NewDecoder(4096, nil).DecodeFull(encoded)
		if err != nil {
			t.Fatalf("x/net cannot decode what was taken: %v", err)
		}
		method, protocol := string(req.Method), ""
		if len(req.Upgrade) > 0 {
			method, protocol = "CONNECT", string(req.Upgrade)
			if string(req.Method) != "GET" || req.HasContent() || protocol != "websocket" {
				t.Errorf("a CONNECT became %s with %d bytes of content and an upgrade to %s", req.Method, req.ContentLength, protocol)
			}
		}
		got := ""
		for _, field := range fields {
			switch field.Name {
			case ":method":
				if field.Value != method {
					t.Errorf("the method %q became %q", field.Value, req.Method)
				}
			case ":path":
				if field.Value != string(req.Path)+string(req.Query) {
					t.Errorf("the path %q became %q and %q", field.Value, req.Path, req.Query)
				}
			case ":protocol":
				got = strings.ToLower(field.Value)
			case "content-length":
				if protocol != "" {
					t.Errorf("a CONNECT with a length was taken")
				}
			}
		}
		if got != protocol {
			t.Errorf("the protocol %q became %q", got, protocol)
		}
	})
}
