// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	heldHost = "held.example.com"
	headTime = 4 * time.Second
	// headRamp is the time in which all is opened. The test is about what is then held.
	headRamp = 2 * time.Second
	// headConnections is how many connections there are. Each holds headStreams streams, as many as it may have open.
	headConnections = 30
	headStreams     = 128
	// headPace is the time between two bytes of each content. It is less than a client may be silent for.
	headPace = 2 * time.Second
	// slowConnections are of HTTP/1.1.
	slowConnections = 1500
)

// Each variant makes the proxy keep long heads. A byte that the client sends costs 4 KB of a decoded head, until its
// content has ended. The client sends a byte of that now and then.
func TestHeadsThatAreHeld(t *testing.T) {
	s := newStage(t, "--h2c")
	s.serveHeld()
	evenly := func(variant *headVariant) func(ctx context.Context) {
		return func(ctx context.Context) { variant.runEvenly(ctx, s.replica(), headConnections, headRamp) }
	}
	_, s.ordinary = s.beside(headTime, ordinaryRequests.name, evenly(&ordinaryRequests))
	for _, variant := range headVariants() {
		s.attackAnew(headTime, variant.name, evenly(&variant))
	}
}

// Hundreds of requests that come at one moment make others wait, whatever their heads are. Those with long heads must
// not make them wait longer.
func TestHeadsInBursts(t *testing.T) {
	s := newStage(t, "--h2c")
	s.serveHeld()
	_, s.ordinary = s.beside(headTime, ordinaryRequests.name+", in bursts", func(ctx context.Context) {
		ordinaryRequests.run(ctx, s.replica(), headConnections, headRamp)
	})
	s.renew()
	s.attackFor(headTime, "heads over HTTP/2, in bursts", func(ctx context.Context) {
		headVariants()[0].run(ctx, s.replica(), headConnections, headRamp)
	})
}

// serveHeld serves a host whose backend lets clients hold their requests.
func (s *stage) serveHeld() {
	s.t.Helper()
	s.serve(s.a, "held", heldHost, "/", startBackend(s.t, holding(s.t)))
	for _, r := range s.replicas {
		eventually(s.t, "the attacked host to be served", newVictim(r.http, heldHost, "held").request)
	}
}

// headVariant is a way to make the proxy keep long heads over HTTP/2.
type headVariant struct {
	name string
	// fields are in the head. trailers come after a byte of content.
	fields, trailers []string
	// pieces is how many CONTINUATION frames without end follow the last head.
	pieces int
	// path is asked for without content.
	path string
}

// ordinaryRequests are as many requests in as short a time, with short heads. No variant may cost more.
var ordinaryRequests = headVariant{name: "ordinary requests over HTTP/2"}

func headVariants() []headVariant {
	long := strings.Repeat("y", 3900)
	repeated := make([]string, 0, 30)
	for range 15 {
		repeated = append(repeated, "x", long)
	}
	var pieces []string
	for range 1600 {
		pieces = append(pieces, "cookie", "a")
	}
	return []headVariant{
		{name: "heads over HTTP/2", fields: repeated},
		{name: "heads over HTTP/2 that wait", fields: repeated, path: "/slow"},
		{name: "cookies in pieces", fields: pieces},
		{name: "trailers over HTTP/2", trailers: repeated},
		{name: "header blocks without end", pieces: 7},
		{name: "heads of responses", path: "/long"},
	}
}

// run attacks a replica over so many connections until ctx is done. It opens them one after another in the time ramp.
// On each it opens all streams at once.
func (v *headVariant) run(ctx context.Context, r *replica, connections int, ramp time.Duration) {
	v.attack(ctx, r, connections, ramp, 0)
}

// runEvenly opens them so that one stream follows the other in the time ramp.
func (v *headVariant) runEvenly(ctx context.Context, r *replica, connections int, ramp time.Duration) {
	v.attack(ctx, r, connections, ramp/headStreams, ramp/headStreams)
}

// attack opens connections in the time ramp, and the streams of each at a pace.
func (v *headVariant) attack(ctx context.Context, r *replica, connections int, ramp, pace time.Duration) {
	var running sync.WaitGroup
	for range connections {
		await(ctx, ramp/time.Duration(connections))
		running.Go(func() {
			h := openHeads(ctx, r.http)
			if h == nil {
				return
			}
			defer h.close()
			for i := range uint32(headStreams) {
				await(ctx, pace)
				h.open(2*i+1, v.path, v.fields)
				if len(v.trailers) > 0 && pace > 0 {
					h.trailers(2*i+1, v.trailers)
				}
			}
			if v.pieces > 0 {
				h.openEndless(2*headStreams+1, v.pieces)
			}
			if len(v.trailers) > 0 && pace == 0 {
				for i := range uint32(headStreams) {
					h.trailers(2*i+1, v.trailers)
				}
			}
			h.hold(ctx, v.path == "" && v.pieces == 0 && v.trailers == nil)
		})
	}
	running.Wait()
}

func TestSlowHeads(t *testing.T) {
	long := strings.Repeat("X: "+strings.Repeat("y", 9000)+"\r\n", 6)
	s := newStage(t)
	s.serveHeld()
	for _, variant := range []struct{ name, begin string }{
		{"heads over HTTP/1.1 without end", "GET / HTTP/1.1\r\nHost: " + heldHost + "\r\n" + long},
		{"heads over HTTP/1.1 with content",
			"POST / HTTP/1.1\r\nHost: " + heldHost + "\r\n" + long + "Content-Length: 100000\r\n\r\n"},
		{"trailers over HTTP/1.1 without end",
			"POST / HTTP/1.1\r\nHost: " + heldHost + "\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + long},
	} {
		s.renew()
		s.attackFor(headTime, variant.name, func(ctx context.Context) {
			var running sync.WaitGroup
			for range slowConnections {
				await(ctx, headRamp/slowConnections)
				running.Go(func() { trickle(ctx, s.replica().http, variant.begin) })
			}
			running.Wait()
		})
	}
}

// trickle sends a text on a connection of its own. Then it sends a byte now and then until ctx is done. The proxy may
// end the connection: that is its defence.
func trickle(ctx context.Context, address, begin string) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer c.Close()
	for text := begin; ctx.Err() == nil; text = "x" {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
		await(ctx, headPace)
	}
}

// holding takes content as it comes. If it is asked to, it waits, or sends a long head.
func holding(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-t.Context().Done():
			}
			return
		case "/long":
			for i := range 12 {
				w.Header().Set("X-"+strconv.Itoa(i), strings.Repeat("y", 4500))
			}
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "held")
	})
}

// await waits until ctx is done, or so long.
func await(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// heads is a client of HTTP/2 that reads nothing.
type heads struct {
	conn    net.Conn
	out     bytes.Buffer
	framer  *http2.Framer
	block   bytes.Buffer
	encoder *hpack.Encoder
}

func openHeads(ctx context.Context, address string) *heads {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil
	}
	h := &heads{conn: conn}
	h.framer, h.encoder = http2.NewFramer(&h.out, nil), hpack.NewEncoder(&h.block)
	h.out.WriteString(http2.ClientPreface)
	_ = h.framer.WriteSettings() // to memory, which does not fail
	return h
}

func (h *heads) close() { _ = h.conn.Close() }

// flush sends what was written.
func (h *heads) flush() error {
	_, err := h.conn.Write(h.out.Bytes())
	h.out.Reset()
	return err
}

func (h *heads) encode(fields ...string) []byte {
	h.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = h.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return h.block.Bytes()
}

// open opens a stream whose content has not ended. A stream for a path has no content.
func (h *heads) open(stream uint32, path string, fields []string) {
	method := "POST"
	if path != "" {
		method = "GET"
	}
	block := h.encode(append([]string{":method", method, ":scheme", "http",
		":path", "/" + strings.TrimPrefix(path, "/"), ":authority", heldHost}, fields...)...)
	_ = h.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: block, EndHeaders: true, EndStream: method == "GET"})
	_ = h.flush()
}

// openEndless opens a stream with a head that does not end.
func (h *heads) openEndless(stream uint32, pieces int) {
	_ = h.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: h.encode(":method", "GET")})
	for range pieces {
		_ = h.framer.WriteContinuation(stream, false, make([]byte, 16<<10))
	}
	_ = h.flush()
}

func (h *heads) trailers(stream uint32, fields []string) {
	_ = h.framer.WriteData(stream, false, []byte("x"))
	_ = h.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: h.encode(fields...), EndHeaders: true, EndStream: true})
	_ = h.flush()
}

// hold keeps the connection until ctx is done. It sends a byte of each stream's content now and then. The proxy may end
// the connection: that is its defence.
func (h *heads) hold(ctx context.Context, content bool) {
	for ; ctx.Err() == nil; await(ctx, headPace) {
		for i := range uint32(headStreams) {
			if content {
				_ = h.framer.WriteData(2*i+1, false, []byte("x"))
			}
		}
		if h.flush() != nil {
			return
		}
	}
}
