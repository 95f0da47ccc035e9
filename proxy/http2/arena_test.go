// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

// burnt lends buffers that nobody can read any more once they were given back.
type burnt struct {
	// lent counts those that a pool would keep.
	lent int
}

func (b *burnt) Get(n int) []byte {
	if n == lentArena {
		b.lent++
	}
	return make([]byte, n)
}

func (b *burnt) Put(buf []byte) {
	if len(buf) == lentArena {
		b.lent--
	}
	for i := range buf[:cap(buf)] {
		buf[:cap(buf)][i] = '!'
	}
}

// blockOf encodes names and values in turn.
func blockOf(tb testing.TB, fields ...string) []byte {
	tb.Helper()
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		if err := encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			tb.Fatal(err)
		}
	}
	return block.Bytes()
}

// A long head is read as it was sent. It takes no more memory than its length, whatever it was gathered in.
func TestHeadOfAnyLengthIsReadAsItWasSent(t *testing.T) {
	config := testConfig()
	config.Limits = Limits{HeadBytes: 256 << 10, LineBytes: 100 << 10, Fields: 10_000}
	for _, test := range []struct {
		name          string
		values, bytes int
		// lent is how many buffers the head has while its stream is open.
		lent int
	}{
		{"a short one", 3, 20, 0},
		{"one that just fits into what is kept", 3, 1200, 0},
		{"one that does not", 3, 1500, 0},
		{"many fields", 900, 10, 0},
		{"one of 30 KB", 10, 3000, 0},
		{"one of 58 KB", 15, 3900, 1},
		{"a field of 66 KB behind short ones", 1, 66 << 10, 0},
		{"one of 100 KB", 10, 10_000, 0},
		{"one of 200 KB", 4, 50_000, 0},
	} {
		buffers := &burnt{}
		config.Buffers = buffers
		want := []string{":method", "PATCH", ":scheme", "https", ":path", "/a/b?c=d", ":authority", "host.example:8443", "empty", ""}
		for i := range test.values {
			want = append(want, "x-"+strconv.Itoa(i), strings.Repeat(string(rune('a'+i%26)), test.bytes))
		}
		var h headReader
		var req message.Request
		h.init(config)
		h.begin(&req)
		if err := h.decode(blockOf(t, want...)); err != nil {
			t.Fatal(err)
		}
		if err := h.finish(true); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		got := []string{":method", string(req.Method), ":scheme", "https", ":path", string(req.Path) + string(req.Query),
			":authority", string(req.Authority)}
		for _, f := range req.Fields {
			got = append(got, string(f.Name), string(f.Value))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if req.Fields[0].Value == nil {
			t.Errorf("%s: an empty value is none any more", test.name)
		}
		arena := h.arena
		if took := cap(arena); took > max(maxKept, lentArena*test.lent, len(h.arena)) {
			t.Errorf("%s: %d bytes take %d", test.name, len(h.arena), took)
		}
		if h.end(); buffers.lent != test.lent {
			t.Errorf("%s: %d buffers are lent, want %d", test.name, buffers.lent, test.lent)
		}
	}
}

func TestCookieOfManyPiecesInALongHeadIsOne(t *testing.T) {
	config := testConfig()
	config.Limits, config.Buffers = Limits{HeadBytes: 64 << 10, LineBytes: 16 << 10, Fields: 100}, &burnt{}
	fields := []string{":method", "GET", ":scheme", "https", ":path", "/", ":authority", "a"}
	var pieces []string
	for i := range 150 {
		piece := strconv.Itoa(i) + "=" + strings.Repeat("v", 60)
		pieces = append(pieces, piece)
		fields = append(fields, "cookie", piece)
	}
	var h headReader
	var req message.Request
	h.init(config)
	h.begin(&req)
	if err := h.decode(blockOf(t, fields...)); err != nil {
		t.Fatal(err)
	}
	if err := h.finish(true); err != nil {
		t.Fatal(err)
	}
	if value, _ := message.First(req.Fields, "cookie"); string(value) != strings.Join(pieces, "; ") || len(req.Fields) != 1 {
		t.Errorf("%d fields, the first cookie %.100q", len(req.Fields), value)
	}
}

func TestLongResponseIsReadAsItWasSent(t *testing.T) {
	config := testConfig()
	config.Limits, config.Buffers = Limits{HeadBytes: 256 << 10, LineBytes: 100 << 10, Fields: 100}, &burnt{}
	want := []string{":status", "200"}
	for i := range 12 {
		want = append(want, "x-"+strconv.Itoa(i), strings.Repeat(string(rune('a'+i)), 4500))
	}
	var r responseReader
	r.init(config)
	r.begin(true, false)
	if err := r.decode(blockOf(t, want...)); err != nil {
		t.Fatal(err)
	}
	if err := r.finish(true, false); err != nil {
		t.Fatal(err)
	}
	got := []string{":status", strconv.Itoa(r.head.Status)}
	for _, f := range r.head.Fields {
		got = append(got, string(f.Name), string(f.Value))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
