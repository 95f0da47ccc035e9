// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// readOneAnswer reads the first response of a stream, informational or not. left is how much of the stream it leaves.
func readOneAnswer(lim heads.Limits, method string, pieces ...[]byte) (a answered, c compared, resp *message.Response, err error) {
	w := newWire(pieces...)
	conn := NewClientConn(w, &ClientConfig{Limits: lim, Buffers: new(buffer.Pool)})
	if err := conn.ReadResponse([]byte(method)); err != nil {
		return a, c, nil, err
	}
	r := &conn.Response
	a = answered{
		Version: r.Version.String(), Status: r.Status, Reason: string(r.Reason), Fields: passed(r.Fields),
		Length: r.ContentLength, NoContent: r.NoContent, Upgrade: string(r.Upgrade),
	}
	content, err := io.ReadAll(conn.Content())
	a.Content, a.Trailers = string(content), passed(conn.Content().Trailers())
	c.fields, c.named = a.Fields, namedByConnection(r.Fields)
	_, c.coded = message.First(r.Fields, "transfer-encoding")
	c.left = len(conn.Detach())
	for _, p := range w.pieces {
		c.left += len(p)
	}
	return a, c, r, err
}

// writeAnswer writes a response as it goes to a client of a version. head is its first part.
func writeAnswer(t *testing.T, resp *message.Response, a *answered, version string) (head, sent []byte) {
	t.Helper()
	w := newWire([]byte("GET / HTTP/" + version + "\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"))
	conn := newTestServer(w)
	begin(t, conn)
	if resp.Informational() {
		if err := conn.WriteInformational(resp); err != nil {
			t.Fatal(err)
		}
		return w.sent.Bytes(), w.sent.Bytes()
	}
	var trailers []message.Field
	for _, f := range a.Trailers {
		trailers = append(trailers, message.Field{Name: []byte(f.Name), Value: []byte(f.Value)})
	}
	conn.WriteHead(resp)
	put(t, conn.Response(), a.Content)
	if err := conn.Response().End(trailers); err != nil {
		t.Fatal(err)
	}
	sent = w.sent.Bytes()
	end := []byte("\r\n\r\n")
	return sent[:bytes.Index(sent, end)+len(end)], sent
}

func FuzzResponseHead(f *testing.F) {
	f.Add([]byte(typicalResponse), uint(3), false)
	f.Add([]byte(typicalResponse), uint(3), true)
	f.Add([]byte("HTTP/1.1 200\r\nContent-Length: 2\r\nPragma: no-cache\r\n\r\nhi!"), uint(2), false)
	f.Add([]byte("HTTP/1.0 200 \r\nConnection: keep-alive, a\r\nA: b\r\nContent-Length: 0\r\n\r\n"), uint(1), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: B\r\n\r\n3;a\r\nabc\r\n0\r\nB: c\r\n\r\nHTTP"), uint(1), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3 \t\r\nabc\r\n0  \r\n\r\n"), uint(1), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi"), uint(1), false)
	f.Add([]byte("HTTP/2.0\t\v099  \fNo\r\nContent-Length: 2\r\n\r\nhi"), uint(1), false)
	f.Add([]byte("HTTP/1.1 200 OK\nA: b\r\nContent-Length: 6\n\nhi\r\n\r\n"), uint(1), false)
	f.Add([]byte("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), uint(1), false)
	f.Add([]byte("HTTP/1.0 200 OK\r\nclose: a\r\n\r\n"), uint(2), false)
	f.Add([]byte("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), uint(5), false)
	f.Add([]byte("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end"), uint(9), false)
	f.Add([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nframes"), uint(9), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi"), uint(9), false)
	f.Fuzz(func(t *testing.T, stream []byte, size uint, head bool) {
		stream, size = expand(stream), size%64+1
		method := "GET"
		if head {
			method = "HEAD"
		}
		got, c, resp, err := readOneAnswer(testLimits, method, bytes.Clone(stream))
		inPieces, _, _, piecesErr := readOneAnswer(testLimits, method, cut(string(stream), func() int { return int(size) })...)
		if verdict(err) != verdict(piecesErr) || err == nil && !cmp.Equal(got, inPieces) {
			t.Fatalf("whole: %v, in pieces of %d: %v, (-whole +in pieces):\n%s", err, size, piecesErr, cmp.Diff(got, inPieces))
		}
		if err != nil {
			if verdict(err) == err.Error() {
				t.Fatalf("an error that is neither a refusal nor an end: %v", err)
			}
			return
		}
		c.stream = stream
		if diff := got.asNetHTTP(&c, method); diff != "" {
			t.Errorf("%+v: %s", got, diff)
		}

		for _, version := range []string{"1.1", "1.0"} {
			sentHead, sent := writeAnswer(t, resp, &got, version)
			if version == "1.0" && resp.Informational() {
				if len(sent) > 0 {
					t.Fatalf("a 1.0 client gets %q", sent)
				}
				continue
			}
			again, c2, respAgain, err := readOneAnswer(wideLimits, method, bytes.Clone(sent))
			if err != nil {
				t.Fatalf("we refuse what we wrote, %q: %v", sent, err)
			}
			if c2.left > 0 {
				t.Fatalf("there are %d bytes behind the response in what we wrote, %q", c2.left, sent)
			}
			if headAgain, _ := writeAnswer(t, respAgain, &again, version); !bytes.Equal(sentHead, headAgain) {
				t.Fatalf("written again, %q becomes %q", sentHead, headAgain)
			}
			if diff := cmp.Diff(got.asWritten(version, again.Reason), again); diff != "" {
				t.Fatalf("%q means something else (-got +sent):\n%s", sent, diff)
			}
			c2.stream = sent
			if diff := again.asNetHTTP(&c2, method); diff != "" {
				t.Errorf("sent %q: %s", sent, diff)
			}
		}
	})
}

// asWritten is what a becomes on its way to a client of a version. A response without a reason is given one.
func (a *answered) asWritten(version, reason string) answered {
	w := *a
	w.Version = "HTTP/1.1"
	if w.Reason == "" {
		w.Reason = reason
	}
	switch {
	case w.Status < 200, w.Status == 204: // these announce no length (RFC 9110, section 8.6)
		w.Length = message.UnknownLength
	case version == "1.0" && w.Length < 0: // trailers have no place behind content that the close ends
		w.Trailers = nil
	}
	return w
}
