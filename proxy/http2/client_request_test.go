// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

func TestRequestHeadIsWrittenAsItWasMeant(t *testing.T) {
	field := func(name, value string) message.Field {
		return message.Field{Name: []byte(name), Value: []byte(value), Kind: message.KindOf([]byte(name))}
	}
	request := func(method, path, query string, length int64, change func(*message.Request)) *message.Request {
		r := requestOf(method, path, length)
		r.Query = []byte(query)
		if change != nil {
			change(r)
		}
		return r
	}
	for _, test := range []struct {
		name   string
		scheme scheme
		req    *message.Request
		want   []string
	}{
		{"all of it in the table", schemeHTTP, request("GET", "/", "", 0, nil),
			[]string{":method: GET", ":scheme: http", ":path: /", ":authority: a"}},
		{"a query", schemeHTTPS, request("GET", "/", "?a=b", 0, nil),
			[]string{":method: GET", ":scheme: https", ":path: /?a=b", ":authority: a"}},
		{"another method", schemeHTTP, request("PROPFIND", "/x", "", 0, nil),
			[]string{":method: PROPFIND", ":scheme: http", ":path: /x", ":authority: a"}},
		{"no authority", schemeHTTP, request("GET", "/", "", 0, func(r *message.Request) { r.Authority = nil }),
			[]string{":method: GET", ":scheme: http", ":path: /"}},
		{"a length", schemeHTTP, request("POST", "/", "", 7, nil),
			[]string{":method: POST", ":scheme: http", ":path: /", ":authority: a", "content-length: 7"}},
		{"no content where there is some as a rule", schemeHTTP, request("PUT", "/", "", 0, nil),
			[]string{":method: PUT", ":scheme: http", ":path: /", ":authority: a", "content-length: 0"}},
		{"content of a length that nobody knows", schemeHTTP, request("POST", "/", "", message.UnknownLength, nil),
			[]string{":method: POST", ":scheme: http", ":path: /", ":authority: a"}},
		{"names in lower case, a Host and the fields of the connection left out", schemeHTTP, request("GET", "/", "", 0, func(r *message.Request) {
			r.Fields = []message.Field{field("Host", "b"), field("X-Mixed-Case", "A"), field("Connection", "x"), field("TE", "gzip"), field("Upgrade", "x"),
				field("Transfer-Encoding", "chunked"), field("Content-Length", "5"), field("Expect", "x"), field("User-Agent", "u"), field("Cookie", "a=b; c=d")}
		}), []string{":method: GET", ":scheme: http", ":path: /", ":authority: a", "x-mixed-case: A", "user-agent: u", "cookie: a=b; c=d"}},
		{"trailers that are understood", schemeHTTP, request("GET", "/", "", 0, func(r *message.Request) { r.AcceptsTrailers = true }),
			[]string{":method: GET", ":scheme: http", ":path: /", ":authority: a", "te: trailers"}},
		{"a client that waits to be asked for content", schemeHTTP, request("POST", "/", "", 1, func(r *message.Request) { r.ExpectContinue = true }),
			[]string{":method: POST", ":scheme: http", ":path: /", ":authority: a", "content-length: 1", "expect: 100-continue"}},
	} {
		fields, err := hpack.NewDecoder(4096, nil).DecodeFull(appendRequest(nil, test.req, test.scheme))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got []string
		for _, f := range fields {
			got = append(got, f.Name+": "+f.Value)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// counted counts the writes of a transport.
type counted struct {
	*canned
	writes int
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes++
	return c.canned.Write(p)
}

// The preface, our settings, a request's head and its content leave together.
func TestRequestLeavesInOneWrite(t *testing.T) {
	transport := &counted{canned: &canned{}}
	c := NewClientConn(transport, testConfig(), false)
	s := c.Open()
	s.WriteHead(requestOf("POST", "/", 5))
	if err := write(s.Request(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if s.Sent() {
		t.Error("something was sent before all was there")
	}
	if err := s.Request().End(nil); err != nil {
		t.Fatal(err)
	}
	soon(t, "the request to be sent", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.out.resting != nil
	})
	if !s.Sent() || transport.writes != 1 {
		t.Errorf("it took %d writes, want 1", transport.writes)
	}
}

// A stream gets its number when it begins on the wire, which may be after one that was opened later.
func TestStreamsAreNumberedInTheOrderInWhichTheyBegin(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	late := c.open()
	late.WriteHead(requestOf("GET", "/late", 0))
	c.get("/early")
	if got := p.awaitHeaders(); got.PseudoValue("path") != "/early" || got.StreamID != 1 {
		t.Errorf("stream %d asks for %s, want 1 to ask for /early", got.StreamID, got.PseudoValue("path"))
	}
	if err := late.Request().End(nil); err != nil {
		t.Fatal(err)
	}
	if got := p.awaitHeaders(); got.PseudoValue("path") != "/late" || got.StreamID != 3 {
		t.Errorf("stream %d asks for %s, want 3 to ask for /late", got.StreamID, got.PseudoValue("path"))
	}
}

// A server whose table is smaller than it was is told with the next head that nothing is in it (RFC 7541, section 4.2).
func TestSmallerTableOfTheServerIsAcknowledged(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig(), xhttp2.Setting{ID: xhttp2.SettingHeaderTableSize, Val: 0})
	p.ReadMetaHeaders = nil
	c.get("/")
	f := p.await("a request", func(f xhttp2.Frame) bool { _, ok := f.(*xhttp2.HeadersFrame); return ok }).(*xhttp2.HeadersFrame)
	if got := f.HeaderBlockFragment(); len(got) == 0 || got[0] != tableEmpty {
		t.Errorf("the block is %x", got)
	}
}

func TestTrailersFollowTheContent(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s := c.post("/")
	if err := write(s.Request(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := s.Request().End([]message.Field{{Name: []byte("X-T"), Value: []byte("v")}}); err != nil {
		t.Fatal(err)
	}
	p.awaitHeaders()
	data := p.await("content", func(f xhttp2.Frame) bool { _, ok := f.(*xhttp2.DataFrame); return ok }).(*xhttp2.DataFrame)
	if string(data.Data()) != "hello" || data.StreamEnded() {
		t.Errorf("the content is %q, ended: %t", data.Data(), data.StreamEnded())
	}
	trailers := p.awaitHeaders()
	if !trailers.StreamEnded() || len(trailers.Fields) != 1 || trailers.Fields[0].Name != "x-t" {
		t.Errorf("the trailers are %v, ended: %t", trailers.Fields, trailers.StreamEnded())
	}
}
