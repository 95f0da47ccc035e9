// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// readOne reads the first request of a stream, its content too.
func readOne(lim heads.Limits, pieces ...[]byte) (s served, c compared, head []byte, err error) {
	config := &ServerConfig{Limits: lim, Buffers: new(buffer.Pool)}
	conn, req := NewServerConn(newWire(pieces...), config), new(message.Request)
	if err := errors.Join(conn.Await(nil), conn.ReadRequest(req)); err != nil {
		return s, c, nil, err
	}
	c.named = namedByConnection(req.Fields)
	head = heads.AppendRequest(nil, req)
	s, err = finish(conn, req)
	c.path, c.authority, c.fields = s.Path, s.Authority, s.Fields
	return s, c, head, err
}

// sendOn writes a request as it goes to an endpoint.
func sendOn(t *testing.T, stream []byte) []byte {
	t.Helper()
	conn, req := newTestServer(newWire(stream)), new(message.Request)
	if err := errors.Join(conn.Await(nil), conn.ReadRequest(req)); err != nil {
		t.Fatal(err)
	}
	up := newWire()
	client := newTestClient(up)
	client.WriteHead(req)
	if err := copyAll(client.Request(), conn.Content()); err != nil {
		t.Fatal(err)
	}
	return up.sent.Bytes()
}

// verdict returns whether a message is read, refused, or breaks off. If a message with several faults comes in pieces,
// another fault may be the one that it is refused for.
func verdict(err error) string {
	refused := (*message.Error)(nil)
	switch {
	case err == nil:
		return "read"
	case errors.As(err, &refused):
		return "refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "broken off"
	}
	return err.Error()
}

func FuzzRequestHead(f *testing.F) {
	f.Add([]byte(typicalRequest), uint(7))
	f.Add([]byte(lead+lead), uint(40))
	f.Add([]byte("GET http://a:80/b?c HTTP/1.1\r\nHost: a:80\r\n\r\n"), uint(1))
	f.Add([]byte("\r\nOPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nPragma: no-cache\r\n\r\n"), uint(1))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n3;b\r\nabc\r\n0\r\nA: c\r\n\r\nGET"), uint(2))
	f.Add([]byte("POST / HTTP/1.0\r\nConnection: keep-alive, x\r\nX: y\r\nContent-Length: 2\r\n\r\nhi"), uint(3))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, te\r\nUpgrade: websocket\r\nTE: trailers\r\n\r\n"), uint(5))
	f.Add([]byte("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"), uint(9))
	f.Add([]byte("GET / HTTP/1.1\nHost: a\r\n\r\n"), uint(4))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n"), uint(4))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), uint(4))
	f.Fuzz(func(t *testing.T, stream []byte, size uint) {
		stream = expand(stream)
		got, c, head, err := readOne(testLimits, stream)
		size = size%64 + 1
		inPieces, _, _, piecesErr := readOne(testLimits, cut(string(stream), func() int { return int(size) })...)
		if verdict(err) != verdict(piecesErr) || err == nil && !cmp.Equal(got, inPieces) {
			t.Fatalf("whole: %v, in pieces of %d: %v, (-whole +in pieces):\n%s", err, size, piecesErr, cmp.Diff(got, inPieces))
		}
		if err != nil {
			if verdict(err) == err.Error() {
				t.Fatalf("an error that is neither a refusal nor an end: %v", err)
			}
			return
		}
		c.stream, c.left = stream, left(t, stream)
		if diff := got.asNetHTTP(&c); diff != "" {
			t.Errorf("%+v: %s", got, diff)
		}

		// The endpoint gets this request, once, in our own words.
		sent := sendOn(t, stream)
		again, c2, headAgain, err := readOne(wideLimits, bytes.Clone(sent)) // our own fields come on top
		if err != nil {
			t.Fatalf("we refuse what we wrote, %q: %v", sent, err)
		}
		if n := left(t, sent); n > 0 {
			t.Fatalf("there are %d bytes behind the request in what we wrote, %q", n, sent)
		}
		if !bytes.Equal(head, headAgain) || !bytes.HasPrefix(sent, head) {
			t.Fatalf("written again, %q becomes %q", head, headAgain)
		}
		// The connection to the endpoint is another one, and speaks 1.1.
		want := got
		want.Version, want.Reusable = "HTTP/1.1", true
		want.AcceptsTrailers = got.AcceptsTrailers && got.Upgrade == "" // an upgrade needs no trailers
		if diff := cmp.Diff(want, again); diff != "" {
			t.Fatalf("%q means something else (-got +sent):\n%s", sent, diff)
		}
		c2.stream = sent
		if diff := again.asNetHTTP(&c2); diff != "" {
			t.Errorf("sent %q: %s", sent, diff)
		}
	})
}

// left is how much of a stream the first request on it leaves.
func left(t *testing.T, stream []byte) int {
	t.Helper()
	w := newWire(bytes.Clone(stream))
	conn, req := NewServerConn(w, &ServerConfig{Limits: wideLimits, Buffers: new(buffer.Pool)}), new(message.Request)
	if err := errors.Join(conn.Await(nil), conn.ReadRequest(req)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn.Content()); err != nil {
		t.Fatal(err)
	}
	n := len(conn.Detach())
	for _, p := range w.pieces {
		n += len(p)
	}
	return n
}
