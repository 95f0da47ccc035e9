// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// unchunked is what chunked content came to.
type unchunked struct {
	Content  string
	Trailers []field
	// Behind is what was received after the end and belongs to the next message.
	Behind string
}

// readChunks reads chunked content with reads of room bytes.
func readChunks(w *wire, room int) (got unchunked, err error) {
	r := &reader{transport: w, buffers: new(buffer.Pool)}
	r.begin(heads.FramedByChunks, 0, testLimits)
	var content strings.Builder
	for p := make([]byte, room); err == nil; {
		var n int
		n, err = r.Read(p)
		content.Write(p[:n])
	}
	if err == io.EOF {
		err = nil
	}
	got = unchunked{Content: content.String(), Trailers: passed(r.Trailers()), Behind: string(r.buf[r.r:r.w])}
	for len(w.pieces) > 0 {
		got.Behind += string(w.pieces[0])
		w.pieces = w.pieces[1:]
	}
	return got, err
}

func TestChunksAreReadHoweverTheyAreDelivered(t *testing.T) {
	long := strings.Repeat("0123456789abcde\n", 1000)
	tests := map[string]struct {
		stream string
		want   unchunked
	}{
		"none":                          {"0\r\n\r\n", unchunked{}},
		"one":                           {"5\r\nhello\r\n0\r\n\r\n", unchunked{Content: "hello"}},
		"several":                       {"5\r\nhello\r\n1\r\n \r\n6\r\nworld!\r\n0\r\n\r\n", unchunked{Content: "hello world!"}},
		"sizes in either case":          {"a\r\n0123456789\r\nB\r\n0123456789b\r\n0\r\n\r\n", unchunked{Content: "01234567890123456789b"}},
		"sizes with zeros before them":  {"0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", unchunked{Content: "hello"}},
		"a long chunk":                  {fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(long), long), unchunked{Content: long}},
		"many short chunks":             {strings.Repeat("1\r\nx\r\n", 3000) + "0\r\n\r\n", unchunked{Content: strings.Repeat("x", 3000)}},
		"data that looks like framing":  {"d\r\n0\r\n\r\n5\r\nhello\r\n0\r\n\r\n", unchunked{Content: "0\r\n\r\n5\r\nhello"}},
		"data of every byte":            {"100\r\n" + everyByte() + "\r\n0\r\n\r\n", unchunked{Content: everyByte()}},
		"extensions":                    {"5;a;b=c\r\nhello\r\n0;d\r\n\r\n", unchunked{Content: "hello"}},
		"white space around extensions": {"5 \t; a = b ; c\t\r\nhello\r\n0 ;d\r\n\r\n", unchunked{Content: "hello"}},
		"a quoted extension":            {"5;a=\"b;c\\\"=d\te\"\r\nhello\r\n0\r\n\r\n", unchunked{Content: "hello"}},
		"an extension that looks like one size more": {"5;\"6\r\nhello\r\n0\r\n\r\n", unchunked{Content: "hello"}},
		"small extensions on large chunks": {
			strings.Repeat("100;signature=0123456789abcdef\r\n"+everyByte()+"\r\n", 64) + "0\r\n\r\n",
			unchunked{Content: strings.Repeat(everyByte(), 64)},
		},
		"trailers": {
			"5\r\nhello\r\n0\r\nX-Sum: \t5 \r\nEmpty:\r\n\r\n",
			unchunked{Content: "hello", Trailers: []field{{"X-Sum", "5"}, {"Empty", ""}}},
		},
		"trailers without content": {"0\r\nA: b\r\n\r\n", unchunked{Trailers: []field{{"A", "b"}}}},
		"trailers of the connection and about the client": {
			"0\r\nConnection: a\r\nA: b\r\nKeep-Alive: 5\r\nTE: x\r\nUpgrade: x\r\nExpect: 100-continue\r\nProxy-Connection: x\r\n" +
				"x-forwarded-for: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\nX-Forwarded-Port: 1\r\n" +
				"X-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nTrailer: z\r\n\r\n",
			unchunked{Trailers: []field{{"A", "b"}, {"Trailer", "z"}}},
		},
		"trailers that would frame or route the message or say whose it is": {
			"5\r\nhello\r\n0\r\nContent-Length: 7\r\nContent-Length: x\r\ntransfer-encoding: gzip, chunked\r\nHost: b\r\nA: b\r\nHOST: c d\r\n" +
				"Authorization: Basic eA==\r\nProxy-Authorization: x\r\nCookie: a=b\r\nCDN-Loop: x\r\nX-Request-Id: 1\r\n" +
				"traceparent: 00-1-1-01\r\ntracestate: a=b\r\n\r\n",
			unchunked{Content: "hello", Trailers: []field{{"A", "b"}}},
		},
		"as many trailers as allowed": {
			"0\r\n" + strings.Repeat("A: b\r\n", testLimits.Fields) + "\r\n",
			unchunked{Trailers: repeated(field{"A", "b"}, testLimits.Fields)},
		},
		"bytes of the next message": {"5\r\nhello\r\n0\r\n\r\n0\r\n\r\nGET /", unchunked{Content: "hello", Behind: "0\r\n\r\nGET /"}},
	}
	for name, test := range tests {
		for _, d := range deliveries(test.stream) {
			for _, room := range []int{1, 2, 3, 7, 64, 1 << 10, 32 << 10} {
				pieces := make([][]byte, len(d.pieces))
				copy(pieces, d.pieces)
				got, err := readChunks(newWire(pieces...), room)
				if err != nil {
					t.Errorf("%s, %s, room of %d: %v", name, d.name, room, err)
					continue
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s, %s, room of %d (-want +got):\n%s", name, d.name, room, diff)
				}
			}
		}
	}
}

// padded are chunks with white space behind their sizes.
const padded = "5  \r\nhello\r\n6\t \r\nworld!\r\n0     \r\nA: b\r\n\r\n"

func TestPaddedChunkSizesAreReadInResponsesAlone(t *testing.T) {
	for _, d := range deliveries(padded) {
		t.Run(d.name, func(t *testing.T) {
			pieces := make([][]byte, len(d.pieces))
			copy(pieces, d.pieces)
			if got, err := readChunks(newWire(pieces...), 64); err != error(errChunkExtension) {
				t.Errorf("a request: got %v and %+v, want %v", err, got, errChunkExtension)
			}
			copy(pieces, d.pieces)
			all, err := readAnswer(newWire(append([][]byte{[]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")}, pieces...)...), "GET")
			want := []answered{{
				Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength,
				Content: "helloworld!", Trailers: []field{{"A", "b"}}, Reusable: true,
			}}
			if diff := cmp.Diff(want, all); diff != "" || err != nil {
				t.Errorf("a response: %v, (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestPaddingOfAChunkSizeIsNothingElse(t *testing.T) {
	for name, chunks := range map[string]string{
		"another size":        "5 5\r\nhello\r\n0\r\n\r\n",
		"LF alone":            "5 \nhello\r\n0\r\n\r\n",
		"CR alone":            "5 \rhello\r\n0\r\n\r\n",
		"before the size":     " 5\r\nhello\r\n0\r\n\r\n",
		"a vertical tab":      "5\v\r\nhello\r\n0\r\n\r\n",
		"no size":             " \r\nhello\r\n0\r\n\r\n",
		"without end":         "5" + strings.Repeat(" ", testLimits.LineBytes+2) + "\r\nhello\r\n0\r\n\r\n",
		"more than the data":  strings.Repeat("1"+strings.Repeat(" ", 20)+"\r\nx\r\n", testLimits.LineBytes/10) + "0\r\n\r\n",
		"behind a last chunk": "5\r\nhello\r\n0 x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			all, err := readAnswer(newWire([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks)), "GET")
			if refused := (*message.Error)(nil); !errors.As(err, &refused) {
				t.Errorf("got %v and %+v, want that it is refused", err, all)
			}
		})
	}
}

func everyByte() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

func repeated(f field, n int) (all []field) {
	for range n {
		all = append(all, f)
	}
	return all
}

func TestChunksAreReadWhereverTheStreamIsCut(t *testing.T) {
	const stream = "5\r\nhello\r\n00c;a=\"b\"\r\n wide\r\nworld\r\n0;c\r\nX-Sum: 17\r\nB: c\r\n\r\nGET /"
	want := unchunked{Content: "hello wide\r\nworld", Trailers: []field{{"X-Sum", "17"}, {"B", "c"}}, Behind: "GET /"}
	for i := range len(stream) {
		for j := i; j < len(stream); j++ {
			got, err := readChunks(newWire([]byte(stream[:i]), []byte(stream[i:j]), []byte(stream[j:])), 64)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Fatalf("cut at %d and %d: %v, (-want +got):\n%s", i, j, err, diff)
			}
		}
	}
}

// refusalOfTrailers is what package heads refuses a request's trailers for.
func refusalOfTrailers(lines string) *message.Error {
	_, err := heads.ParseTrailers(nil, []byte(lines), false, testLimits)
	refused, _ := errors.AsType[*message.Error](err)
	return refused
}

func TestMalformedChunksAreRefusedHoweverTheyAreDelivered(t *testing.T) {
	const one = "5\r\nhello\r\n"
	tests := map[string]struct {
		stream string
		want   *message.Error
	}{
		"an empty size":                       {"\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"an empty size before an extension":   {";a\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"an empty later size":                 {one + "\r\n\r\n", errChunkSize},
		"a size with a prefix":                {"0x5\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"a negative size":                     {"-5\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"a size with a plus":                  {"+5\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"a size with an underscore":           {"0_5\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"a size after white space":            {" 5\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"a size that is no number":            {"five\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"a size with a letter behind":         {"5g\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"a size beyond ASCII":                 {"\xb2\r\nhe\r\n0\r\n\r\n", errChunkSize},
		"a size with NUL":                     {"5\x00\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"a size of 2^63":                      {"8000000000000000\r\n", errChunkSize},
		"a size of 2^64-1":                    {"ffffffffffffffff\r\n", errChunkSize},
		"a size that wraps to 5":              {"10000000000000005\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"too many zeros":                      {"00000000000000005\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"zeros without end":                   {strings.Repeat("0", testLimits.HeadBytes), errChunkSize},
		"white space and no extension":        {"5 \r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"white space before the last CRLF":    {one + "0 \r\n\r\n", errChunkExtension},
		"a second size":                       {"5 5\r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"a second size before an extension":   {"5 5;a\r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"CR in an extension":                  {"5;a\rb\r\nhello\r\n0\r\n\r\n", heads.ErrBareLF},
		"LF in an extension":                  {"5;a\nb\r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"LF in a quoted extension":            {"5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"CRLF in a quoted extension":          {"5;a=\"\r\nb\"\r\nhello\r\n0\r\n\r\n", errChunkEnd},
		"NUL in an extension":                 {"5;\x00\r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"DEL in an extension":                 {"5;\x7f\r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"too long an extension":               {"5;" + strings.Repeat("a", testLimits.LineBytes) + "\r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"too long white space":                {"5" + strings.Repeat(" ", testLimits.LineBytes+2) + ";a\r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"extensions that outweigh the data":   {strings.Repeat("1;abcde\r\nx\r\n", testLimits.LineBytes/4) + "0\r\n\r\n", errChunkExtension},
		"too long a last extension":           {one + "0;" + strings.Repeat("a", testLimits.LineBytes) + "\r\n\r\n", errChunkExtension},
		"LF alone after a size":               {"5\nhello\r\n0\r\n\r\n", errChunkSize},
		"LF alone after an extension":         {"5;a\nhello\r\n0\r\n\r\n", errChunkExtension},
		"CR alone after a size":               {"5\rhello\r\n0\r\n\r\n", heads.ErrBareLF},
		"two CRs after a size":                {"5\r\r\nhello\r\n0\r\n\r\n", heads.ErrBareLF},
		"LF alone after data":                 {"5\r\nhello\n0\r\n\r\n", errChunkEnd},
		"CR alone after data":                 {"5\r\nhello\r0\r\n\r\n", errChunkEnd},
		"nothing after data":                  {"5\r\nhello0\r\n\r\n", errChunkEnd},
		"data that is too long":               {"5\r\nhello!\r\n0\r\n\r\n", errChunkEnd},
		"data that is too short":              {"6\r\nhello\r\n0\r\n\r\n", errChunkEnd},
		"LF alone after the last size":        {one + "0\n\r\n", errChunkSize},
		"LF alone as the end":                 {one + "0\r\n\n", heads.ErrBareLF},
		"CR alone as the end":                 {one + "0\r\n\r\r\n\r\n", heads.ErrBareLF},
		"LF alone after a trailer":            {one + "0\r\nA: b\n\r\n", heads.ErrBareLF},
		"LF alone after the trailers":         {one + "0\r\nA: b\r\n\n", heads.ErrBareLF},
		"CR within a trailer":                 {one + "0\r\nA: b\rc\r\n\r\n", heads.ErrBareLF},
		"a folded trailer":                    {one + "0\r\nA: b\r\n c\r\n\r\n", refusalOfTrailers("A: b\r\n c\r\n\r\n")},
		"a trailer folded at once":            {one + "0\r\n A: b\r\n\r\n", refusalOfTrailers(" A: b\r\n\r\n")},
		"space before a trailer's colon":      {one + "0\r\nA : b\r\n\r\n", refusalOfTrailers("A : b\r\n\r\n")},
		"a trailer without colon":             {one + "0\r\nA\r\n\r\n", refusalOfTrailers("A\r\n\r\n")},
		"NUL in a trailer":                    {one + "0\r\nA: \x00\r\n\r\n", refusalOfTrailers("A: \x00\r\n\r\n")},
		"a request where trailers belong":     {one + "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", refusalOfTrailers("GET / HTTP/1.1\r\nHost: a\r\n\r\n")},
		"too many trailers":                   {one + "0\r\n" + strings.Repeat("A: b\r\n", testLimits.Fields+1) + "\r\n", refusalOfTrailers(strings.Repeat("A: b\r\n", testLimits.Fields+1) + "\r\n")},
		"too long a trailer":                  {one + "0\r\nA: " + strings.Repeat("b", testLimits.LineBytes) + "\r\n\r\n", refusalOfTrailers("A: " + strings.Repeat("b", testLimits.LineBytes) + "\r\n\r\n")},
		"too long trailers":                   {one + "0\r\n" + longFields(testLimits.HeadBytes+10) + "\r\n", errTrailersLong},
		"trailers without end, in one line":   {one + "0\r\nA: " + strings.Repeat("b", testLimits.HeadBytes), errTrailersLong},
		"trailers without end, in many lines": {one + "0\r\n" + longFields(4*testLimits.HeadBytes), errTrailersLong},
	}
	for name, test := range tests {
		for _, d := range deliveries(test.stream) {
			for _, room := range []int{1, 3, 64, 32 << 10} {
				pieces := make([][]byte, len(d.pieces))
				copy(pieces, d.pieces)
				if got, err := readChunks(newWire(pieces...), room); err != error(test.want) {
					t.Errorf("%s, %s, room of %d: got %v and %+v, want %v", name, d.name, room, err, got, test.want)
				}
			}
		}
	}
}

func TestChunkOfTheGreatestSizeIsCountedDownRight(t *testing.T) {
	for _, d := range deliveries("7fffffffffffffff\r\nhello") {
		r := &reader{transport: newWire(d.pieces...), buffers: new(buffer.Pool)}
		r.begin(heads.FramedByChunks, 0, testLimits)
		content, err := io.ReadAll(r)
		if string(content) != "hello" || err != io.ErrUnexpectedEOF || r.remaining != math.MaxInt64-5 {
			t.Errorf("%s: got %q, %v and %d to come", d.name, content, err, r.remaining)
		}
	}
}

func TestContentIsNotWaitedForWhileThereIsSome(t *testing.T) {
	errWaiting := errors.New("waiting for more")
	tests := map[string]struct {
		how    heads.Framing
		length int64
		piece  string
		want   string
		err    error
	}{
		"a chunk":                       {heads.FramedByChunks, 0, "5\r\nhello\r\n", "hello", nil},
		"a chunk without its CRLF":      {heads.FramedByChunks, 0, "5\r\nhello", "hello", nil},
		"part of a chunk":               {heads.FramedByChunks, 0, "9\r\nhello", "hello", nil},
		"a size without its line's end": {heads.FramedByChunks, 0, "5\r", "", nil},
		"trailers without their end":    {heads.FramedByChunks, 0, "0\r\nA: b\r\n", "", nil},
		"two chunks":                    {heads.FramedByChunks, 0, "3\r\nhel\r\n2\r\nlo\r\n0\r\n", "hello", nil},
		"the end with the last chunk":   {heads.FramedByChunks, 0, "5\r\nhello\r\n0\r\n\r\n", "hello", io.EOF},
		"the end by a length":           {heads.FramedByLength, 5, "hello", "hello", io.EOF},
		"the end by a length, and more": {heads.FramedByLength, 5, "hello!", "hello", io.EOF},
		"part of a length":              {heads.FramedByLength, 9, "hello", "hello", nil},
		"up to the close":               {heads.FramedByClose, 0, "hello", "hello", nil},
	}
	for name, test := range tests {
		for _, room := range []int{5, 64} {
			t.Run(fmt.Sprintf("%s, room of %d", name, room), func(t *testing.T) {
				w := newWire()
				w.end = errWaiting
				// What came with the head.
				r := &reader{transport: w, buffers: new(buffer.Pool), buf: []byte(test.piece), w: len(test.piece)}
				r.begin(test.how, test.length, testLimits)
				p := make([]byte, room)
				n, err := r.Read(p)
				if string(p[:n]) != test.want || err != test.err {
					t.Errorf("got %q and %v, want %q and %v", p[:n], err, test.want, test.err)
				}
				if ended := test.err == io.EOF; r.Ended() != ended {
					t.Errorf("ended: %t, want %t", r.Ended(), ended)
				}
			})
		}
	}
}

func TestFaultInChunksIsNotReadPast(t *testing.T) {
	// After each fault comes what would be a proper end, and another request.
	tests := map[string]struct {
		chunks string
		want   *message.Error
	}{
		"in a size":       {"5Z\r\nhello\r\n0\r\n\r\n", errChunkSize},
		"in an extension": {"5;\x00\r\nhello\r\n0\r\n\r\n", errChunkExtension},
		"after data":      {"5\r\nhello!\r\n0\r\n\r\n", errChunkEnd},
		"in a trailer":    {"5\r\nhello\r\n0\r\nHost : a\r\n\r\n\r\n", refusalOfTrailers("Host : a\r\n\r\n")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			stream := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + test.chunks + lead
			c := newTestServer(newWire([]byte(stream)))
			if err := errors.Join(c.Await(nil), c.ReadRequest(new(message.Request))); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, err := io.ReadAll(c.Content()); err != error(test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			}
			if c.SkipContent() {
				t.Error("the rest was skipped as if it were whole")
			}
			if c.Content().Ended() || c.EndExchange() {
				t.Error("the connection was taken for reusable")
			}
		})
	}
}

func TestSkippingDropsWhatIsThereAndNothingElse(t *testing.T) {
	const (
		length  = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
		chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		chunks  = "3;a\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n"
	)
	for head, content := range map[string]string{length: "hello", chunked: chunks} {
		for n := range len(content) + 1 {
			whole := n == len(content)
			w := newWire([]byte(head+content[:n]), []byte(content[n:]+lead))
			c, req := newTestServer(w), new(message.Request)
			if err := errors.Join(c.Await(nil), c.ReadRequest(req)); err != nil {
				t.Fatal(err)
			}
			if got := c.SkipContent(); got != whole {
				t.Errorf("%d of %d bytes: skipped whole: %t, want %t", n, len(content), got, whole)
			}
			if got := c.EndExchange(); got != whole {
				t.Errorf("%d of %d bytes: reusable: %t, want %t", n, len(content), got, whole)
			}
			if !whole {
				continue
			}
			if err := errors.Join(c.Await(nil), c.ReadRequest(req)); err != nil || string(req.Path) != "/lead" {
				t.Errorf("the request behind: %q, %v", req.Path, err)
			}
		}
	}
}
