// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

// patience bounds what a test waits for.
const patience = time.Minute

// wire is a transport over a connection of net's.
type wire struct {
	net.Conn
	buffers Buffers
	mu      sync.Mutex
	stopped bool
	// cut makes every Write fail.
	cut atomic.Bool
}

var longAgo = time.Unix(1, 0)

func (w *wire) Write(p []byte) (int, error) {
	if w.cut.Load() {
		return 0, syscall.EPIPE
	}
	return w.Conn.Write(p)
}

func (w *wire) CloseWrite() error { return w.Conn.(*net.TCPConn).CloseWrite() }

func (w *wire) StallAfter(d time.Duration) { w.ExpireAfter(d) }

func (w *wire) ExpireAfter(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.stopped:
	case d == 0:
		_ = w.SetReadDeadline(time.Time{})
	default:
		_ = w.SetReadDeadline(time.Now().Add(d))
	}
}

func (w *wire) StopReading() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	_ = w.SetReadDeadline(longAgo)
}

func (w *wire) ResumeReading() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = false
	_ = w.SetReadDeadline(time.Time{})
}

func (w *wire) Park(size int) ([]byte, int, error) {
	buf := w.buffers.Get(size)
	n, err := w.Read(buf)
	if n == 0 {
		w.buffers.Put(buf)
		return nil, 0, err
	}
	return buf, n, nil
}

// connected returns the two ends of a connection.
func connected(tb testing.TB) (client, server net.Conn) {
	tb.Helper()
	l := listen(tb)
	client = dial(tb, l)
	server, err := l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Close() })
	return client, server
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

func dial(tb testing.TB, l net.Listener) net.Conn {
	tb.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

// client serves the client's end of a connection until the test ends.
type client struct {
	*ClientConn
	tb   testing.TB
	wire *wire
	// ended is closed once Serve has returned why.
	ended chan struct{}
	why   error
}

func serveClient(tb testing.TB, c net.Conn, config *Config) *client {
	tb.Helper()
	one := &client{tb: tb, wire: &wire{Conn: c, buffers: config.Buffers}, ended: make(chan struct{})}
	one.ClientConn = NewClientConn(one.wire, config, false)
	go func() {
		defer close(one.ended)
		one.why = one.Serve()
	}()
	tb.Cleanup(func() {
		_ = one.Close()
		_ = one.end()
	})
	return one
}

// end waits for the connection's end and returns why it came.
func (c *client) end() error {
	c.tb.Helper()
	select {
	case <-c.ended:
	case <-time.After(patience):
		c.tb.Fatal("the connection did not end")
	}
	return c.why
}

func (c *client) open() *ClientStream {
	c.tb.Helper()
	s := c.Open()
	if s == nil {
		c.tb.Fatal("there was no stream")
	}
	return s
}

// get sends a request without content on a stream of its own.
func (c *client) get(path string) *ClientStream {
	c.tb.Helper()
	s := c.open()
	s.WriteHead(requestOf("GET", path, 0))
	if err := s.Request().End(nil); err != nil {
		c.tb.Fatalf("sending the request: %v", err)
	}
	return s
}

// post sends the head of a request that content is to follow.
func (c *client) post(path string) *ClientStream {
	c.tb.Helper()
	s := c.open()
	s.WriteHead(requestOf("POST", path, message.UnknownLength))
	if err := s.Request().Flush(); err != nil {
		c.tb.Fatalf("sending the head: %v", err)
	}
	return s
}

func requestOf(method, path string, length int64) *message.Request {
	return &message.Request{
		Version: message.HTTP11, Method: []byte(method), Path: []byte(path), Authority: []byte("a"), ContentLength: length,
	}
}

func write(w message.Writer, content []byte) error {
	for len(content) > 0 {
		room, err := w.Room()
		if err != nil {
			return err
		}
		n := copy(room, content)
		if err := w.Advance(n); err != nil {
			return err
		}
		content = content[n:]
	}
	return nil
}

func readAll(r message.Reader) ([]byte, error) {
	var all []byte
	buf := make([]byte, 5000)
	for !r.Ended() {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil && err != io.EOF {
			return all, err
		}
	}
	return all, nil
}

// read returns the status and the content of a whole response, or why there is none.
func read(s *ClientStream) (int, string, error) {
	for {
		if err := s.ReadResponse(nil); err != nil {
			return 0, "", err
		}
		if !s.Response.Informational() {
			break
		}
	}
	content, err := readAll(s.Content())
	return s.Response.Status, string(content), err
}

// peer is a server's end of a connection. A test reads and writes its frames with x/net's framer, which is not ours.
type peer struct {
	*xhttp2.Framer
	tb      testing.TB
	conn    net.Conn
	encoder *hpack.Encoder
	block   bytes.Buffer
}

// dialPeer connects a client to a peer, which has taken the client's preface and sent its settings.
func dialPeer(tb testing.TB, config *Config, settings ...xhttp2.Setting) (*client, *peer) {
	tb.Helper()
	near, far := connected(tb)
	c := serveClient(tb, near, config)
	p := acceptPeer(tb, far)
	p.check(p.WriteSettings(settings...))
	p.await("the answer to the settings", func(f xhttp2.Frame) bool {
		s, ok := f.(*xhttp2.SettingsFrame)
		return ok && s.IsAck()
	})
	return c, p
}

func acceptPeer(tb testing.TB, c net.Conn) *peer {
	tb.Helper()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	got := make([]byte, len(preface))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != preface {
		tb.Fatalf("the connection begins with %q (%v)", got, err)
	}
	p := &peer{Framer: xhttp2.NewFramer(c, c), tb: tb, conn: c}
	p.encoder = hpack.NewEncoder(&p.block)
	p.AllowIllegalWrites = true
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	return p
}

func (p *peer) check(err error) {
	p.tb.Helper()
	if err != nil {
		p.tb.Fatalf("writing a frame: %v", err)
	}
}

// await reads up to a frame for which is returns true.
func (p *peer) await(what string, is func(xhttp2.Frame) bool) xhttp2.Frame {
	p.tb.Helper()
	for {
		f, err := p.ReadFrame()
		if err != nil {
			p.tb.Fatalf("waiting for %s: %v", what, err)
		}
		if is(f) {
			return f
		}
		if gone, ok := f.(*xhttp2.GoAwayFrame); ok {
			p.tb.Fatalf("waiting for %s: GOAWAY %v %s", what, gone.ErrCode, gone.DebugData())
		}
	}
}

func (p *peer) awaitHeaders() *xhttp2.MetaHeadersFrame {
	p.tb.Helper()
	return p.await("a request", func(f xhttp2.Frame) bool { _, ok := f.(*xhttp2.MetaHeadersFrame); return ok }).(*xhttp2.MetaHeadersFrame)
}

func (p *peer) awaitReset(stream uint32) xhttp2.ErrCode {
	p.tb.Helper()
	return p.await("a reset", func(f xhttp2.Frame) bool {
		r, ok := f.(*xhttp2.RSTStreamFrame)
		return ok && r.StreamID == stream
	}).(*xhttp2.RSTStreamFrame).ErrCode
}

// awaitGoAway reads up to the client's GOAWAY.
func (p *peer) awaitGoAway() xhttp2.ErrCode {
	p.tb.Helper()
	return p.await("GOAWAY", func(f xhttp2.Frame) bool { _, ok := f.(*xhttp2.GoAwayFrame); return ok }).(*xhttp2.GoAwayFrame).ErrCode
}

// encode makes a header block of names and values in turn.
func (p *peer) encode(fields ...string) []byte {
	p.tb.Helper()
	p.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		p.check(p.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}))
	}
	return p.block.Bytes()
}

func (p *peer) headers(stream uint32, end bool, fields ...string) {
	p.tb.Helper()
	p.check(p.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: stream, BlockFragment: p.encode(fields...), EndStream: end, EndHeaders: true}))
}

// ping makes sure that what was sent before was processed.
func (p *peer) ping() {
	p.tb.Helper()
	data := [8]byte{1, 2, 3}
	p.check(p.WritePing(false, data))
	p.await("the answer to a PING", func(f xhttp2.Frame) bool {
		pong, ok := f.(*xhttp2.PingFrame)
		return ok && pong.IsAck() && pong.Data == data
	})
}

func isMalformed(err error) bool { _, ok := errors.AsType[*message.Error](err); return ok }

func isLate(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
