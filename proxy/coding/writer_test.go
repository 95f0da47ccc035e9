// SPDX-License-Identifier: Apache-2.0

package coding

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// page is a [message.Writer] that keeps what a client gets. Its rooms are small.
type page struct {
	sent, pending bytes.Buffer
	room          [100]byte
	trailers      []message.Field
	ended         bool
	// fail is returned once more than so many bytes are sent.
	fail error
	most int
}

func (p *page) Room() ([]byte, error) {
	if p.pending.Len() > 400 {
		if err := p.Flush(); err != nil {
			return nil, err
		}
	}
	return p.room[:], nil
}

func (p *page) Advance(n int) error {
	p.pending.Write(p.room[:n])
	return nil
}

func (p *page) Flush() error {
	if p.fail != nil && p.sent.Len()+p.pending.Len() > p.most {
		return p.fail
	}
	_, _ = p.pending.WriteTo(&p.sent)
	return nil
}

func (p *page) End(trailers []message.Field) error {
	p.trailers, p.ended = trailers, true
	return p.Flush()
}

func (p *page) Written() int64 { return int64(p.sent.Len() + p.pending.Len()) }

// decoded returns what a client reads of what it has got so far.
func decoded(t *testing.T, in message.Coding, encoded []byte) string {
	t.Helper()
	var from io.Reader
	var err error
	switch in {
	case message.Gzip:
		from, err = gzip.NewReader(bytes.NewReader(encoded))
	case message.Brotli:
		from = brotli.NewReader(bytes.NewReader(encoded))
	case message.Zstd:
		from, err = zstd.NewReader(bytes.NewReader(encoded), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20)) // RFC 9659
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(from)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v: %v after %d bytes", in, err, len(text))
	}
	return string(text)
}

func codings(yield func(message.Coding) bool) {
	for c := message.Brotli; c < message.Codings && yield(c); c++ { //nolint:revive // the loop is all there is
	}
}

// encode begins to encode a response of services of its own. It returns nil if there is no memory for that.
func encode(e *Encoders, resp *message.Response, in message.Coding, to message.Writer) *Writer {
	return encodeFor(e, new(atomic.Int64), resp, in, to)
}

func encodeFor(e *Encoders, taken *atomic.Int64, resp *message.Response, in message.Coding, to message.Writer) *Writer {
	w := new(Writer)
	if !w.Begin(e, taken, resp, in, to) {
		return nil
	}
	return w
}

func newEncoders(limit int) *Encoders {
	return &Encoders{Memory: buffer.Memory{Limit: int64(limit)}, Buffers: new(buffer.Pool)}
}

// give gives content to a writer in pieces of random lengths, and flushes now and then.
func give(t *testing.T, w message.Writer, r *rand.Rand, text string) {
	t.Helper()
	for len(text) > 0 {
		n := min(1+r.IntN(20_000), len(text))
		if err := message.Write(w, text[:n]); err != nil {
			t.Fatal(err)
		}
		if text = text[n:]; r.IntN(4) == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// words makes text that is as repetitive as text is.
func words(r *rand.Rand, length int) string {
	var b strings.Builder
	for b.Len() < length {
		from := r.IntN(9)
		b.WriteString("abcdefghij"[from : from+1+r.IntN(10-from)])
		b.WriteByte(' ')
	}
	return b.String()[:length]
}

func TestWhatIsEncodedIsDecodedAgain(t *testing.T) {
	t.Parallel()
	for c := range codings {
		e := newEncoders(1 << 30)
		r := rand.New(rand.NewPCG(1, uint64(c)))
		for _, length := range []int{0, 1, 100, 5_000, 70_000, 300_000, 1_000_000} { // one encoder after the other
			text, p := words(r, length), new(page)
			trailers := []message.Field{{Name: []byte("a")}}
			w := encode(e, new(message.Response), c, p)
			give(t, w, r, text)
			if err := w.End(trailers); err != nil {
				t.Fatal(err)
			}
			if got := decoded(t, c, p.sent.Bytes()); got != text {
				t.Errorf("%v: %d bytes became %d others", c, length, len(got))
			}
			if !p.ended || len(p.trailers) != 1 || w.lent != nil || length > 5_000 && p.sent.Len() > length/2 {
				t.Errorf("%v: %d bytes became %d, ended %t with %d trailers", c, length, p.sent.Len(), p.ended, len(p.trailers))
			}
		}
		if n := e.Memory.Taken(); n != 0 {
			t.Errorf("%v: %d bytes are still taken", c, n)
		}
	}
}

// A client that waits for the next message has to see the last.
func TestWhatIsFlushedCanBeRead(t *testing.T) {
	t.Parallel()
	for c := range codings {
		p := new(page)
		w := encode(newEncoders(1<<30), new(message.Response), c, p)
		text := ""
		for _, piece := range []string{"one", "two", strings.Repeat("three", 5_000), "four"} {
			if err := message.Write(w, piece); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second has nothing to send
				before := p.sent.Len()
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
				if text != "" && strings.HasSuffix(text, piece) && p.sent.Len() != before {
					t.Errorf("%v: a flush of nothing sends %d bytes", c, p.sent.Len()-before)
				}
				if !strings.HasSuffix(text, piece) {
					text += piece
				}
			}
			if got := decoded(t, c, p.sent.Bytes()); got != text {
				t.Errorf("%v: after %.9s a client reads %d bytes, want %d", c, piece, len(got), len(text))
			}
			if w.room != nil {
				t.Errorf("%v: it has a buffer while nothing comes", c)
			}
		}
		w.Release()
	}
}

// Whoever gives content is not told that whoever takes it went away, until it asks for room.
func TestAClientThatGoesAwayEndsTheContent(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	for c := range codings {
		e := newEncoders(1 << 30)
		p := &page{fail: gone, most: 3_000}
		w := encode(e, new(message.Response), c, p)
		r := rand.New(rand.NewChaCha8([32]byte{byte(c)}))
		var err error
		for range 1_000 {
			var room []byte
			if room, err = w.Room(); err != nil {
				break
			}
			for i := range room {
				room[i] = byte(r.Uint32())
			}
			if err := w.Advance(len(room)); err != nil {
				t.Fatalf("%v: Advance fails: %v", c, err)
			}
		}
		if flushed, ended := w.Flush(), w.End(nil); !errors.Is(err, gone) || !errors.Is(flushed, gone) || !errors.Is(ended, gone) {
			t.Errorf("%v: got %v, %v and %v", c, err, flushed, ended)
		}
		w.Release() // it was released
		if n := e.Memory.Taken(); n != 0 || p.ended {
			t.Errorf("%v: %d bytes are still taken, ended: %t", c, n, p.ended)
		}
	}
}

func TestEncodersAreLentWhileThereIsMemory(t *testing.T) {
	t.Parallel()
	e, busy := newEncoders(4*costs[message.Gzip]), new(atomic.Int64)
	var lent []*Writer
	for i, want := range []bool{true, true, false} {
		resp := &message.Response{ContentLength: 7}
		w := encodeFor(e, busy, resp, message.Gzip, new(page))
		if (w != nil) != want || (resp.ContentLength == 7) == want {
			t.Fatalf("encoder %d: got %v, and the response has the length %d", i, w, resp.ContentLength)
		}
		lent = append(lent, w)
	}
	if w := encode(e, new(message.Response), message.Gzip, new(page)); w == nil {
		t.Error("other services get none where one has taken all that it may")
	}
	lent[0].Release()
	lent[0].Release() // twice is once
	if w := encodeFor(e, busy, new(message.Response), message.Gzip, new(page)); w != nil {
		t.Error("there is one although half of the memory would not stay free")
	}
	lent[1].Release()
	if w := encodeFor(e, busy, new(message.Response), message.Gzip, new(page)); w == nil {
		t.Error("there is none although two were given back")
	}
	if got, want := e.Memory.Taken(), 2*int64(costs[message.Gzip]); got != want {
		t.Errorf("%d bytes are taken, want %d", got, want)
	}
}

func TestAHeadSaysHowItsContentIsEncoded(t *testing.T) {
	t.Parallel()
	for c := range codings {
		e := newEncoders(1 << 30)
		for tag, want := range map[string]string{`"abc"`: `W/"abc"`, `W/"abc"`: `W/"abc"`, "": "", "abc": "abc"} {
			resp := &message.Response{Status: 200, ContentLength: 5_000}
			for _, f := range [][2]string{{"ETag", tag}, {"Content-MD5", "x"}, {"Digest", "x"}, {"repr-digest", "x"}, {"Content-Digest", "x"},
				{"Accept-Ranges", "bytes"}, {"Content-Encoding", "identity"}, {"Content-Type", "a/b"}, {"Content-Language", "x"}} {
				resp.Fields = append(resp.Fields, message.Field{Name: []byte(f[0]), Value: []byte(f[1])})
			}
			w := encode(e, resp, c, new(page))
			var got []string
			for _, f := range resp.Fields {
				if f.Kind.EndToEnd() {
					got = append(got, string(f.Name)+": "+string(f.Value))
				}
			}
			if diff := cmp.Diff([]string{"ETag: " + want, "Content-Type: a/b", "Content-Language: x", "Content-Encoding: " + c.String()}, got); diff != "" || resp.ContentLength != message.UnknownLength {
				t.Errorf("length %d (-want +got):\n%s", resp.ContentLength, diff)
			}
			w.Release()
		}
	}
}

// What an encoder is said to cost is what is counted.
func TestAnEncoderTakesNoMoreMemoryThanItCosts(t *testing.T) {
	text := words(rand.New(rand.NewPCG(1, 2)), 1<<20)
	for c := range codings {
		const many = 8
		inUse := func() int {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC() // a pool is empty after the second
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}
		e := newEncoders(1 << 30)
		before := inUse()
		var lent []*Writer
		for range many {
			w := encode(e, new(message.Response), c, discard{})
			if err := message.Write(w, text); err != nil {
				t.Fatal(err)
			}
			lent = append(lent, w)
		}
		each := (inUse() - before) / many
		t.Logf("%v: %d KiB", c, each>>10)
		if each > costs[c] || each < costs[c]/3 {
			t.Errorf("%v: an encoder takes %d bytes, and is said to take %d", c, each, costs[c])
		}
		for _, w := range lent {
			w.Release()
		}
	}
}

// discard is a [message.Writer] that keeps nothing.
type discard struct{}

var discarded [32 << 10]byte

func (discard) Room() ([]byte, error)     { return discarded[:], nil }
func (discard) Advance(int) error         { return nil }
func (discard) Flush() error              { return nil }
func (discard) End([]message.Field) error { return nil }
func (discard) Written() int64            { return 0 }
