// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"

	xhttp2 "golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// reused lends buffers again and again.
type reused struct {
	mu   sync.Mutex
	free map[int][][]byte
}

func (r *reused) Get(n int) []byte {
	size := buffer.Small
	for size < n {
		size *= 2
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if last := len(r.free[size]) - 1; last >= 0 {
		b := r.free[size][last]
		r.free[size] = r.free[size][:last]
		return b
	}
	return make([]byte, size)
}

func (r *reused) Put(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free[len(b)] = append(r.free[len(b)], b)
}

func reusing() *Config {
	config := testConfig()
	config.Buffers = &reused{free: make(map[int][][]byte)}
	return config
}

// answer answers each request that comes with the same frames, which are written into reused memory: the first answer
// fills the client's table.
func answer(p *peer) {
	var head, rest bytes.Buffer
	for _, to := range []*bytes.Buffer{&head, &rest} {
		w := xhttp2.NewFramer(to, nil)
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: p.encode(":status", "200", "content-type", "application/grpc"), EndHeaders: true})
		_ = w.WriteData(1, false, []byte("hello"))
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: p.encode("grpc-status", "0"), EndHeaders: true, EndStream: true})
	}
	reply, again := head.Bytes(), rest.Bytes()
	frame := make([]byte, frameHeader+maxFrame)
	for {
		if _, err := io.ReadFull(p.conn, frame[:frameHeader]); err != nil {
			return
		}
		f, length := readFrameHeader(frame)
		if _, err := io.ReadFull(p.conn, frame[frameHeader:frameHeader+length]); err != nil {
			return
		}
		if f.kind != frameHeaders && f.kind != frameData || !f.has(flagEndStream) {
			continue
		}
		for b := reply; len(b) > 0; {
			_, n := readFrameHeader(b)
			b[5], b[6], b[7], b[8] = byte(f.stream>>24), byte(f.stream>>16), byte(f.stream>>8), byte(f.stream)
			b = b[frameHeader+n:]
		}
		if _, err := p.conn.Write(reply); err != nil {
			return
		}
		reply = again
	}
}

// exchangeOnce asks and reads the whole answer.
func exchangeOnce(tb testing.TB, c *client, req *message.Request, buf []byte) {
	s := c.open()
	s.WriteHead(req)
	room, err := s.Request().Room()
	if err == nil {
		err = s.Request().Advance(copy(room, "ping!"))
	}
	if err == nil {
		err = s.Request().End(nil)
	}
	if err == nil {
		err = s.ReadResponse(nil)
	}
	content := s.Content()
	for err == nil && !content.Ended() {
		if _, err = content.Read(buf); err == io.EOF {
			err = nil
		}
	}
	if err != nil || s.Response.Status != 200 || len(content.Trailers()) != 1 {
		tb.Fatalf("got %d with the trailers %v (%v)", s.Response.Status, content.Trailers(), err)
	}
	s.EndExchange()
}

func BenchmarkClientExchange(b *testing.B) {
	near, far := connected(b)
	c := serveClient(b, near, reusing())
	serveAnswers(b, far)
	req, buf := requestOf("POST", "/a/b", 5), make([]byte, 1024)
	b.ReportAllocs()
	for b.Loop() {
		exchangeOnce(b, c, req, buf)
	}
}

func serveAnswers(tb testing.TB, far net.Conn) {
	p := acceptPeer(tb, far)
	p.check(p.WriteSettings())
	p.check(p.WriteWindowUpdate(0, 1<<30)) // nothing is given back
	var serving sync.WaitGroup
	serving.Go(func() { answer(p) })
	tb.Cleanup(func() { _ = far.Close(); serving.Wait() })
}
