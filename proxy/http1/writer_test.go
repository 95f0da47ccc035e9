// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// writeContent writes content in steps of at most the sizes of steps, in turn, flushing after every flush-th of them.
func writeContent(t testing.TB, w message.Writer, content []byte, steps []int, flush int) {
	t.Helper()
	for i := 0; len(content) > 0; i++ {
		room, err := w.Room()
		if err != nil {
			t.Fatal(err)
		}
		if len(room) == 0 {
			t.Fatal("there is no room")
		}
		n := copy(room[:min(len(room), steps[i%len(steps)])], content)
		if err := w.Advance(n); err != nil {
			t.Fatal(err)
		}
		content = content[n:]
		if flush > 0 && i%flush == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWrittenContentIsReadBackByNetHTTP(t *testing.T) {
	sizes := []int{0, 1, 2, 15, 16, 255, 256, 1000, 4095, 4096, 1 << 20}
	for d := -2; d <= 2; d++ {
		sizes = append(sizes, buffer.Small+d, buffer.Large+d)
	}
	for d := range 21 {
		sizes = append(sizes, buffer.Large-d, buffer.Large+d)
	}
	steps := map[string][]int{
		"all there is room for": {1 << 30},
		"odd steps":             {1, 7, 4093, 65521, 13, 257},
		"a head's rest":         {8100, 1 << 30},
		"hexadecimal borders":   {15, 16, 17, 255, 256, 257, 4095, 4096, 4097, 65535, 65536},
	}
	trailers := []message.Field{
		{Name: []byte("X-Sum"), Value: []byte("1")},
		{Name: []byte("Content-Length"), Value: []byte("7"), Kind: message.ContentLength},
		{Name: []byte("X-Empty")},
	}
	content := make([]byte, 1<<20)
	for i := range content {
		content[i] = byte(i * 31 >> 3)
	}
	for name, steps := range steps {
		for _, size := range sizes {
			for _, length := range []int64{int64(size), message.UnknownLength} {
				for _, flush := range []int{0, 1, 3} {
					name := fmt.Sprintf("%s, %d bytes, length %d, flush %d", name, size, length, flush)
					w := newWire([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
					c := newTestServer(w)
					begin(t, c)
					c.WriteHead(&message.Response{Status: 200, ContentLength: length})
					writeContent(t, c.Response(), content[:size], steps, flush)
					if err := c.Response().End(trailers); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					if got := c.Response().Written(); got != int64(size) {
						t.Errorf("%s: %d bytes are counted", name, got)
					}
					in := bufio.NewReader(&w.sent)
					resp, err := http.ReadResponse(in, nil)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					got, err := io.ReadAll(resp.Body)
					if err != nil || !bytes.Equal(got, content[:size]) {
						t.Errorf("%s: net/http reads %d bytes, %v", name, len(got), err)
					}
					if resp.ContentLength != length {
						t.Errorf("%s: net/http reads the length %d", name, resp.ContentLength)
					}
					var want http.Header
					if length < 0 {
						want = http.Header{"X-Sum": {"1"}, "X-Empty": {""}}
					}
					if diff := cmp.Diff(want, resp.Trailer); diff != "" {
						t.Errorf("%s: trailers (-want +got):\n%s", name, diff)
					}
					if rest, _ := io.ReadAll(in); len(rest) > 0 {
						t.Errorf("%s: %q is left over", name, rest)
					}
				}
			}
		}
	}
}

func TestHeadLeavesWithTheFirstContent(t *testing.T) {
	for name, fields := range map[string]int{"a short head": 0, "a head longer than a buffer": buffer.Small, "a head that just fits": buffer.Small - 1100} {
		for _, length := range []int64{5, message.UnknownLength} {
			w := newWire([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
			c := newTestServer(w)
			begin(t, c)
			c.WriteHead(&message.Response{Status: 200, ContentLength: length, Fields: []message.Field{
				{Name: []byte("A"), Value: bytes.Repeat([]byte("b"), fields)},
			}})
			put(t, c.Response(), "hello")
			if w.writes > 0 && fields == 0 {
				t.Errorf("%s, length %d: %d writes before the end", name, length, w.writes)
			}
			if err := c.Response().End(nil); err != nil {
				t.Fatal(err)
			}
			if want := 1; fields == 0 && w.writes != want {
				t.Errorf("%s, length %d: %d writes, want %d", name, length, w.writes, want)
			}
			resp, err := http.ReadResponse(bufio.NewReader(&w.sent), nil)
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(resp.Body)
			if string(content) != "hello" || err != nil || len(resp.Header.Get("A")) != fields {
				t.Errorf("%s, length %d: net/http reads %q, %v", name, length, content, err)
			}
		}
	}
}

func TestChunksBehindAHugeHeadKeepTheirSize(t *testing.T) {
	// The head's buffer is larger than any other, and has room for more content than the four digits of a chunk can say.
	for _, head := range []int{60 << 10, 70 << 10, 100 << 10, 200 << 10} {
		w := newWire([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
		c := newTestServer(w)
		begin(t, c)
		c.WriteHead(&message.Response{Status: 200, ContentLength: message.UnknownLength, Fields: []message.Field{
			{Name: []byte("A"), Value: bytes.Repeat([]byte("b"), head)},
		}})
		content := bytes.Repeat([]byte("0123456789abcdef"), 1<<15)
		writeContent(t, c.Response(), content, []int{1 << 30}, 0)
		if err := c.Response().End(nil); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(&w.sent), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, content) {
			t.Errorf("behind a head of %d bytes, net/http reads %d bytes, %v", head, len(got), err)
		}
	}
}

func TestContentMovesInLargeStepsOnceThereIsMuch(t *testing.T) {
	for _, length := range []int64{1 << 20, message.UnknownLength} {
		w := newWire([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
		c := newTestServer(w)
		begin(t, c)
		c.WriteHead(&message.Response{Status: 200, ContentLength: length})
		writeContent(t, c.Response(), make([]byte, 1<<20), []int{1 << 30}, 0)
		if err := c.Response().End(nil); err != nil {
			t.Fatal(err)
		}
		if most := 1<<20/(buffer.Large-1024) + 3; w.writes > most {
			t.Errorf("length %d: %d writes for 1 MiB, want at most %d", length, w.writes, most)
		}
	}
}

func TestContentThatBelongsNowhereIsAnError(t *testing.T) {
	tests := map[string]struct {
		resp    message.Response
		content string
		want    error
	}{
		"more than the length":  {message.Response{Status: 200, ContentLength: 4}, "hello", errContentLong},
		"more than none":        {message.Response{Status: 200}, "h", errContentLong},
		"to a HEAD":             {message.Response{Status: 200, ContentLength: 5, NoContent: true}, "hello", errContentLong},
		"less than the length":  {message.Response{Status: 200, ContentLength: 6}, "hello", errContentShort},
		"none though announced": {message.Response{Status: 200, ContentLength: 6}, "", errContentShort},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
			c := newTestServer(w)
			begin(t, c)
			c.WriteHead(&test.resp)
			room, err := c.Response().Room()
			if err != nil {
				t.Fatal(err)
			}
			err = c.Response().Advance(copy(room, test.content))
			if err == nil {
				err = c.Response().End(nil)
			}
			if err != test.want {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if got := w.sent.String(); strings.Contains(got, "hello") {
				t.Errorf("sent %q", got)
			}
		})
	}
}

func TestFailedWriteIsReported(t *testing.T) {
	errBroken := errors.New("broken pipe")
	w := newWire([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	c := newTestServer(w)
	begin(t, c)
	w.refuse = errBroken
	c.WriteHead(&message.Response{Status: 200, ContentLength: message.UnknownLength})
	out := c.Response()
	if err := out.Flush(); err != errBroken || c.Started() {
		t.Errorf("Flush: got %v, started %t", err, c.Started())
	}
	if err := out.End(nil); err != errBroken {
		t.Errorf("End: got %v", err)
	}
	c.WriteHead(&message.Response{Status: 200, ContentLength: message.UnknownLength})
	var err error
	for i := 0; i < buffer.Small && err == nil; i++ {
		if _, err = out.Room(); err == nil {
			err = out.Advance(10)
		}
	}
	if err != errBroken {
		t.Errorf("Room: got %v", err)
	}
}

// What is pending is sent before trailers that need a buffer of their own.
func TestLongTrailersStandBehindTheContent(t *testing.T) {
	for _, length := range []int{100, 7 << 10, 9 << 10, 60 << 10, 100 << 10} {
		for _, flush := range []int{0, 1} {
			w := newWire([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
			c := newTestServer(w)
			begin(t, c)
			c.WriteHead(&message.Response{Status: 200, ContentLength: message.UnknownLength, Fields: []message.Field{
				{Name: []byte("Trailer"), Value: []byte("A")},
			}})
			content := bytes.Repeat([]byte("0123456789"), 100)
			writeContent(t, c.Response(), content, []int{300}, flush)
			value := bytes.Repeat([]byte("b"), length)
			if err := c.Response().End([]message.Field{{Name: []byte("A"), Value: value}}); err != nil {
				t.Fatal(err)
			}
			// net/http reads no trailers of more than 4 KB.
			head, sent, _ := bytes.Cut(w.sent.Bytes(), []byte("\r\n\r\n"))
			last := append(append([]byte("\r\n0\r\nA: "), value...), "\r\n\r\n"...)
			chunks, ok := bytes.CutSuffix(sent, last)
			if !ok {
				t.Fatalf("trailers of %d bytes behind %q are not there", length, head)
			}
			got, err := io.ReadAll(httputil.NewChunkedReader(io.MultiReader(bytes.NewReader(chunks), strings.NewReader("\r\n0\r\n\r\n"))))
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("before trailers of %d bytes, net/http reads %d bytes, %v", length, len(got), err)
			}
		}
	}
}
