// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// served is what a request on a connection came to.
type served struct {
	Version, Method, Authority, Path, Query string
	Fields                                  []field
	Length                                  int64
	Upgrade                                 string
	ExpectContinue, AcceptsTrailers         bool
	Content                                 string
	Trailers                                []field
	Reusable                                bool
}

// serveAll reads the requests of a connection until it ends or one is refused.
func serveAll(w Transport) (all []served, err error) {
	c, req := newTestServer(w), new(message.Request)
	for c.Await(nil) == nil {
		if err := c.ReadRequest(req); err != nil {
			return all, err
		}
		s, err := finish(c, req)
		if all = append(all, s); err != nil || !s.Reusable {
			return all, err
		}
	}
	return all, nil
}

// finish reads the content of a request whose head was read, and ends the exchange.
func finish(c *ServerConn, req *message.Request) (served, error) {
	s := served{
		Version: req.Version.String(), Method: string(req.Method), Authority: string(req.Authority),
		Path: string(req.Path), Query: string(req.Query), Fields: passed(req.Fields),
		Length: req.ContentLength, Upgrade: string(req.Upgrade),
		ExpectContinue: req.ExpectContinue, AcceptsTrailers: req.AcceptsTrailers,
	}
	content, err := io.ReadAll(c.Content())
	s.Content, s.Trailers = string(content), passed(c.Content().Trailers())
	s.Reusable = c.EndExchange()
	return s, err
}

// lead is a request before the one that a case is about: a request that follows another must be read like a first one.
const lead = "POST /lead HTTP/1.1\r\nHost: lead\r\nContent-Length: 4\r\n\r\nlead"

func TestRequestIsRefusedHoweverItIsDelivered(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n"
	const post = "POST / HTTP/1.1\r\nHost: a\r\n"
	const chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	tests := map[string]struct {
		stream string
		// want is nil where the head is what is refused: package heads says what for.
		want error
	}{
		"LF alone after the request line":    {"GET / HTTP/1.1\nHost: a\r\n\r\n", nil},
		"LF alone as the empty line":         {get + "\n", nil},
		"LF alone before the request":        {"\n" + get + "\r\n", nil},
		"two empty lines before the request": {"\r\n\r\n" + get + "\r\n", nil},
		"CR alone before the request":        {"\r" + get + "\r\n", nil},
		"TLS on the plain port":              {"\x16\x03\x01 \x01 \x03\r\n\r\n", nil},
		"the preface of HTTP/2":              {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nil},
		"CONNECT":                            {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", nil},
		"no Host":                            {"GET / HTTP/1.1\r\n\r\n", nil},
		"a folded line":                      {get + "B: c\r\n d\r\n\r\n", nil},
		"length, then coding":                {post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", nil},
		"chunked on 1.0":                     {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", nil},
		"more options in several Connections": {
			get + strings.Repeat("Connection: a,b,c,d\r\n", 10) + "Connection: e\r\n\r\n", nil,
		},
		"a request line that is too long": {
			"GET /" + strings.Repeat("a", testLimits.LineBytes) + " HTTP/1.1\r\nHost: a\r\n\r\n", nil,
		},
		"a request line longer than a head": {
			"GET /" + strings.Repeat("a", testLimits.HeadBytes) + " HTTP/1.1\r\nHost: a\r\n\r\n", nil,
		},
		"a field line that is too long": {get + "B: " + strings.Repeat("c", testLimits.LineBytes-2) + "\r\n\r\n", nil},
		"a head that is too long":       {get + longFields(testLimits.HeadBytes-len(get)-1) + "\r\n", nil},
		"a long head after the longest request line": {
			"GET /" + strings.Repeat("a", testLimits.LineBytes-len("GET / HTTP/1.1")) + " HTTP/1.1\r\n" +
				longFields(testLimits.HeadBytes), nil,
		},
		"too many fields":                          {get + strings.Repeat("B: c\r\n", testLimits.Fields) + "\r\n", nil},
		"a chunk's size that is none":              {chunked + "x\r\n", errChunkSize},
		"a second request behind a bad last chunk": {chunked + "0\r\n\r\r\n" + lead, heads.ErrBareLF},
	}
	for name, test := range tests {
		want := test.want
		if want == nil {
			want = refusalOfRequest(t, test.stream)
		}
		for prefix, stream := range map[string]string{"": test.stream, "after another, ": lead + test.stream} {
			for _, d := range deliveries(stream) {
				t.Run(prefix+name+", "+d.name, func(t *testing.T) {
					all, err := serveAll(newWire(d.pieces...))
					if err != want {
						t.Errorf("got %v after %+v, want %v", err, all, want)
					}
				})
			}
		}
	}
}

// refusalOfRequest is what package heads refuses the head at the start of stream for.
func refusalOfRequest(t *testing.T, stream string) error {
	t.Helper()
	n, err := heads.RequestEnd([]byte(stream), 0, testLimits)
	if err == nil {
		_, err = heads.ParseRequest(new(message.Request), []byte(stream[:n]), testLimits)
	}
	if err == nil {
		t.Fatalf("%q is not refused", stream)
	}
	return err
}

// longFields are field lines of n bytes together, none of them too long.
func longFields(n int) string {
	var b strings.Builder
	for line := testLimits.LineBytes / 2; n > 0; n -= line {
		if n < 2*line {
			line = n
		}
		b.WriteString("X: " + strings.Repeat("y", line-len("X: \r\n")) + "\r\n")
	}
	return b.String()
}

func TestRequestIsUnderstoodHoweverItIsDelivered(t *testing.T) {
	tests := map[string]struct {
		stream string
		want   []served
	}{
		"the least": {
			"GET / HTTP/1.1\r\nHost:\r\n\r\n",
			[]served{{Version: "HTTP/1.1", Method: "GET", Path: "/", Reusable: true}},
		},
		"one empty line before the request": {
			"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
			[]served{{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", Reusable: true}},
		},
		"one empty line after content": {
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
			[]served{
				{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Length: 2, Content: "hi", Reusable: true},
				{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/2", Reusable: true},
			},
		},
		"1.0 without Host": {
			"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
			[]served{{Version: "HTTP/1.0", Method: "GET", Path: "/"}},
		},
		"1.0 kept alive": {
			"GET /1 HTTP/1.0\r\nConnection: Keep-Alive\r\nKeep-Alive: 5\r\n\r\n" +
				"POST /2 HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx" +
				"GET /3 HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n" + lead,
			[]served{
				{Version: "HTTP/1.0", Method: "GET", Path: "/1", Reusable: true},
				{Version: "HTTP/1.0", Method: "POST", Path: "/2", Length: 1, Content: "x", Reusable: true},
				{Version: "HTTP/1.0", Method: "GET", Path: "/3"},
			},
		},
		"a connection that the client closes": {
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: x,, CLOSE ,\r\n\r\n" + lead,
			[]served{{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/"}},
		},
		"an upgrade with content": {
			"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi",
			[]served{{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Length: 2, Upgrade: "websocket", Content: "hi", Reusable: true}},
		},
		"an expectation": {
			"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
			[]served{{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Length: 2, ExpectContinue: true, Content: "hi", Reusable: true}},
		},
		"a length of 0": {
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
			[]served{
				{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Reusable: true},
				{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/2", Reusable: true},
			},
		},
		"content that looks like a request": {
			"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
			[]served{{
				Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", Length: 28,
				Content: "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", Reusable: true,
			}},
		},
		"chunks and trailers": {
			"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n" +
				"3\r\nabc\r\n00A;q=\"v\"\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\n" + lead,
			[]served{
				{
					Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Fields: []field{{"Trailer", "X-Sum"}},
					Length: message.UnknownLength, Content: "abc0123456789", Trailers: []field{{"X-Sum", "13"}}, Reusable: true,
				},
				{Version: "HTTP/1.1", Method: "POST", Authority: "lead", Path: "/lead", Length: 4, Content: "lead", Reusable: true},
			},
		},
		"three in a row": {
			lead + "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n" + lead,
			[]served{
				{Version: "HTTP/1.1", Method: "POST", Authority: "lead", Path: "/lead", Length: 4, Content: "lead", Reusable: true},
				{Version: "HTTP/1.1", Method: "GET", Authority: "b", Path: "/2", Reusable: true},
				{Version: "HTTP/1.1", Method: "POST", Authority: "lead", Path: "/lead", Length: 4, Content: "lead", Reusable: true},
			},
		},
	}
	for name, test := range tests {
		for _, d := range deliveries(test.stream) {
			t.Run(name+", "+d.name, func(t *testing.T) {
				got, err := serveAll(newWire(d.pieces...))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestRequestOfJustTheAllowedSizeIsRead(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n"
	tests := map[string]string{
		"head":                     get + longFields(testLimits.HeadBytes-len(get)-len("\r\n")) + "\r\n",
		"head after an empty line": "\r\n" + get + longFields(testLimits.HeadBytes-len(get)-len("\r\n")) + "\r\n",
	}
	for name, stream := range tests {
		for _, d := range deliveries(stream) {
			t.Run(name+", "+d.name, func(t *testing.T) {
				all, err := serveAll(newWire(d.pieces...))
				if err != nil || len(all) != 1 {
					t.Errorf("got %d requests and %v, want one", len(all), err)
				}
			})
		}
	}
}

func TestHeadThatCanOnlyBeRefusedIsNotWaitedFor(t *testing.T) {
	errWaiting := errors.New("waiting for more")
	for name, begun := range map[string]string{
		"LF alone":          "GET / HTTP/1.1\n",
		"LF alone at once":  "\n",
		"too long a target": "GET /" + strings.Repeat("a", testLimits.HeadBytes),
		"too long a head":   "GET / HTTP/1.1\r\n" + longFields(testLimits.HeadBytes),
	} {
		want := refusalOfRequest(t, begun)
		for _, d := range deliveries(begun) {
			t.Run(name+", "+d.name, func(t *testing.T) {
				w := newWire(d.pieces...)
				w.end = errWaiting
				if _, err := serveAll(w); err != want {
					t.Errorf("got %v, want %v", err, want)
				}
			})
		}
	}
}

func TestContentThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: a\r\n"
	whole := map[string]string{
		"length":              head + "Content-Length: 5\r\n\r\nhello",
		"chunks":              head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"chunks and trailers": head + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0;c\r\nA: b\r\n\r\n",
	}
	for name, stream := range whole {
		t.Run(name, func(t *testing.T) {
			for n := strings.Index(stream, "\r\n\r\n") + 4; n < len(stream); n++ {
				for _, d := range deliveries(stream[:n]) {
					all, err := serveAll(newWire(d.pieces...))
					if err != io.ErrUnexpectedEOF || len(all) != 1 || all[0].Reusable {
						t.Errorf("%d of %d bytes, %s: got %v and %+v, want %v", n, len(stream), d.name, err, all, io.ErrUnexpectedEOF)
					}
				}
			}
		})
	}
}
