// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

func FuzzChunked(f *testing.F) {
	for _, stream := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "5;a=\"b\"\r\nhello\r\nA\r\n0123456789\r\n000;c\r\nX-Sum: 1\r\nForwarded: x\r\n\r\nGET /",
		"1 \t;a\r\nx\r\n0\r\n\r\n", "7fffffffffffffff\r\nhello", "8000000000000000\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n",
		"0\r\nA: b\r\n c\r\n\r\n", "0\r\nHost: a\r\n\r\n", "1\r\nx\r\n1\r\ny\r\n1\r\nz\r\n0\r\n\r\n",
	} {
		f.Add([]byte(stream), uint(5), uint(3))
	}
	f.Fuzz(func(t *testing.T, stream []byte, size, room uint) {
		stream, size, room = expand(stream), size%64+1, room%100+1
		got, err := readChunks(newWire([]byte(string(stream))), 1<<16)
		inPieces, piecesErr := readChunks(newWire(cut(string(stream), func() int { return int(size) })...), int(room))
		// Chunks are read byte by byte, so not even the fault may depend on the pieces that they come in.
		if err != piecesErr || err == nil && !cmp.Equal(got, inPieces) || got.Content != inPieces.Content {
			t.Fatalf("whole: %v, in pieces of %d with a room of %d: %v, (-whole +in pieces):\n%s",
				err, size, room, piecesErr, cmp.Diff(got, inPieces))
		}
		if err != nil {
			if refused := (*message.Error)(nil); !errors.As(err, &refused) && err != io.ErrUnexpectedEOF {
				t.Fatalf("an error that is neither a refusal nor an end: %v", err)
			}
			return
		}
		const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		s := served{
			Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Length: message.UnknownLength,
			Content: got.Content, Trailers: got.Trailers, Reusable: true,
		}
		c := compared{stream: []byte(head + string(stream)), left: len(got.Behind), path: "/", authority: "a"}
		if diff := s.asNetHTTP(&c); diff != "" {
			t.Errorf("%+v: %s", got, diff)
		}

		w := newWire()
		out := &writer{transport: w, buffers: new(buffer.Pool)}
		out.begin(heads.FramedByChunks, 0)
		writeContent(t, out, []byte(got.Content), []int{int(size), int(room)}, int(room%4))
		var trailers []message.Field
		for _, f := range got.Trailers {
			trailers = append(trailers, message.Field{Name: []byte(f.Name), Value: []byte(f.Value)})
		}
		if err := out.End(trailers); err != nil {
			t.Fatal(err)
		}
		sent := w.sent.String()
		again, err := readChunks(newWire([]byte(sent)), int(room))
		want := got
		want.Behind = ""
		if diff := cmp.Diff(want, again); diff != "" || err != nil {
			t.Fatalf("%q is read with %v and means something else (-got +written):\n%s", sent, err, diff)
		}
		c.stream, c.left = []byte(head+sent), 0
		if diff := s.asNetHTTP(&c); diff != "" {
			t.Errorf("written %q: %s", sent, diff)
		}
	})
}
