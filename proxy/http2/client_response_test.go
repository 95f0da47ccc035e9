// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

func describe(fields []message.Field) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s, ", f.Name, f.Value)
	}
	return strings.TrimSuffix(b.String(), ", ")
}

// Each head is read separately, even if several came before anybody asked.
func TestInformationalResponsesComeBeforeTheFinalOne(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s := c.get("/")
	p.headers(1, false, ":status", "103", "link", "a")
	p.headers(1, false, ":status", "103", "link", "b", "x", "y")
	p.headers(1, false, ":status", "200", "content-length", "2")
	p.check(p.WriteData(1, false, []byte("ok")))
	p.headers(1, true, "grpc-status", "0")
	p.ping()
	var got []string
	for len(got) < 3 {
		if err := s.ReadResponse(nil); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(s.Response.Status, " ", describe(s.Response.Fields), " ", s.Response.ContentLength))
	}
	content, err := readAll(s.Content())
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, string(content), describe(s.Content().Trailers()))
	want := []string{"103 link: a -1", "103 link: b, x: y -1", "200 content-length: 2 2", "ok", "grpc-status: 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.EndExchange()
	p.ping() // a response that was read whole is followed by no reset
	if n := c.Running(); n != 0 {
		t.Errorf("%d exchanges still run", n)
	}
}

func TestResponseWithoutContent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method string
		respond      func(p *peer)
		want         string
	}{
		{"a head that ends the stream", "GET", func(p *peer) { p.headers(1, true, ":status", "200") }, "200 -1 false"},
		{"an empty frame behind the head", "GET", func(p *peer) {
			p.headers(1, false, ":status", "200", "content-length", "0")
			p.check(p.WriteData(1, true, nil))
		}, "200 0 false"},
		{"trailers alone", "GET", func(p *peer) {
			p.headers(1, false, ":status", "200")
			p.headers(1, true, "grpc-status", "5")
		}, "200 -1 false grpc-status: 5"},
		{"the length that a HEAD asks for", "HEAD", func(p *peer) { p.headers(1, true, ":status", "200", "content-length", "7") }, "200 7 true"},
		{"a 204", "GET", func(p *peer) { p.headers(1, true, ":status", "204") }, "204 -1 true"},
		{"the length that a 304 announces", "GET", func(p *peer) { p.headers(1, true, ":status", "304", "content-length", "7") }, "304 7 true"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, p := dialPeer(t, testConfig())
			s := c.open()
			s.WriteHead(requestOf(test.method, "/", 0))
			if err := s.Request().End(nil); err != nil {
				t.Fatal(err)
			}
			p.awaitHeaders()
			test.respond(p)
			if err := s.ReadResponse(nil); err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(s.Response.Status, s.Response.ContentLength, s.Response.NoContent)
			content, err := readAll(s.Content())
			if err != nil || len(content) > 0 {
				t.Errorf("the content is %q (%v)", content, err)
			}
			if trailers := describe(s.Content().Trailers()); trailers != "" {
				got += " " + trailers
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// A response that cannot be understood ends its stream, and no other.
func TestMalformedResponseEndsItsStream(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprint("x-", i), "v")
	}
	with := func(fields ...string) func(*peer) {
		return func(p *peer) { p.headers(1, false, append([]string{":status", "200"}, fields...)...) }
	}
	for _, test := range []struct {
		name    string
		respond func(p *peer)
	}{
		{"no status", func(p *peer) { p.headers(1, true, "a", "b") }},
		{"two statuses", func(p *peer) { p.headers(1, true, ":status", "200", ":status", "200") }},
		{"a status behind a field", func(p *peer) { p.headers(1, true, "a", "b", ":status", "200") }},
		{"a status of two digits", func(p *peer) { p.headers(1, true, ":status", "20") }},
		{"a status that is no number", func(p *peer) { p.headers(1, true, ":status", "2x0") }},
		{"a status below 100", func(p *peer) { p.headers(1, true, ":status", "099") }},
		{"a 101", func(p *peer) { p.headers(1, false, ":status", "101") }},
		{"a pseudo-header of requests", with(":path", "/")},
		{"a name in upper case", with("Server", "x")},
		{"a name with a space", with("a b", "x")},
		{"an empty name", with("", "x")},
		{"a line end in a value", with("a", "x\r\nb: c")},
		{"a NUL in a value", with("a", "x\x00")},
		{"Connection", with("connection", "close")},
		{"Transfer-Encoding", with("transfer-encoding", "chunked")},
		{"Keep-Alive", with("keep-alive", "timeout=5")},
		{"Upgrade", with("upgrade", "h2c")},
		{"TE", with("te", "trailers")},
		{"two lengths", with("content-length", "1", "content-length", "1")},
		{"a length with a sign", with("content-length", "+1")},
		{"too many fields", with(many...)},
		{"a field that is too long", with("a", strings.Repeat("x", 1100))},
		{"a head that is too long", with("a", strings.Repeat("x", 1000), "b", strings.Repeat("x", 1000), "c", strings.Repeat("x", 1000), "d", strings.Repeat("x", 1000), "e", strings.Repeat("x", 1000))},
		{"an informational response that ends the stream", func(p *peer) { p.headers(1, true, ":status", "103") }},
		{"no end of informational responses", func(p *peer) {
			for range 30 {
				p.headers(1, false, ":status", "103")
			}
		}},
		{"content before the head", func(p *peer) { p.check(p.WriteData(1, false, []byte("x"))) }},
		{"an end before the head", func(p *peer) { p.check(p.WriteData(1, true, nil)) }},
		{"a length and no content", func(p *peer) { p.headers(1, true, ":status", "200", "content-length", "1") }},
		{"less content than announced", func(p *peer) {
			with("content-length", "3")(p)
			p.check(p.WriteData(1, true, []byte("xx")))
		}},
		{"more content than announced", func(p *peer) {
			with("content-length", "3")(p)
			p.check(p.WriteData(1, false, []byte("xxxx")))
		}},
		{"content of a 204", func(p *peer) {
			p.headers(1, false, ":status", "204")
			p.check(p.WriteData(1, true, []byte("x")))
		}},
		{"trailers before all that was announced", func(p *peer) {
			with("content-length", "3")(p)
			p.headers(1, true, "a", "b")
		}},
		{"a second head", func(p *peer) { with()(p); with()(p) }},
		{"trailers that do not end the stream", func(p *peer) { with()(p); p.headers(1, false, "a", "b") }},
		{"a status among the trailers", func(p *peer) { with()(p); p.headers(1, true, ":status", "200") }},
		{"a coding among the trailers", func(p *peer) { with()(p); p.headers(1, true, "transfer-encoding", "chunked") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, p := dialPeer(t, testConfig())
			s, other := c.get("/"), c.get("/other")
			p.awaitHeaders()
			p.awaitHeaders()
			test.respond(p)
			if status, content, err := read(s); !isMalformed(err) {
				t.Errorf("got %d %q (%v), want that it is malformed", status, content, err)
			}
			if got := p.awaitReset(1); got != xhttp2.ErrCodeProtocol {
				t.Errorf("the stream was reset with %v", got)
			}
			s.EndExchange()
			p.headers(3, true, ":status", "200")
			if status, _, err := read(other); status != 200 || err != nil {
				t.Errorf("the other exchange got %d (%v), want 200", status, err)
			}
		})
	}
}

// Blocks on streams that nobody reads any more change the table that other blocks depend on.
func TestTableOutlivesAnExchangeThatWasGivenUp(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s := c.get("/")
	p.awaitHeaders()
	_ = s.Close()
	s.EndExchange()
	p.headers(1, true, ":status", "200", "x-in-table", "v")
	other := c.get("/")
	p.awaitHeaders()
	p.headers(3, true, ":status", "200", "x-in-table", "v") // two indexes by now
	if status, _, err := read(other); status != 200 || err != nil {
		t.Fatalf("got %d (%v), want 200", status, err)
	}
	if got := describe(other.Response.Fields); got != "x-in-table: v" {
		t.Errorf("the fields are %s", got)
	}
}

// FuzzResponseBlock decodes arbitrary bytes as a response's header block, and compares with x/net's decoder.
func FuzzResponseBlock(f *testing.F) {
	f.Add([]byte{0x88, 0x00, 1, 'x', 1, 'y'}, true, false)
	f.Add([]byte{0x48, 3, '1', '0', '3'}, false, false)
	f.Add([]byte{0x00, 1, 'x', 1, '\n'}, false, true)
	f.Fuzz(func(t *testing.T, encoded []byte, end, trailers bool) {
		var r responseReader
		r.init(testConfig())
		r.begin(true, trailers)
		if r.decode(encoded) != nil {
			return
		}
		refused := r.finishTrailers()
		if !trailers {
			refused = r.finish(end, false)
		}
		if refused != nil {
			return
		}
		fields, err := hpack.NewDecoder(4096, nil).DecodeFull(encoded)
		if err != nil {
			t.Fatalf("x/net cannot decode what was taken: %v", err)
		}
		if !trailers {
			if fields[0].Name != ":status" || fields[0].Value != fmt.Sprint(r.head.Status) {
				t.Fatalf("the status is %d, want %v", r.head.Status, fields[0])
			}
			fields = fields[1:]
		}
		if len(fields) != len(r.head.Fields) {
			t.Fatalf("%d fields were taken of %d", len(r.head.Fields), len(fields))
		}
		for i, want := range fields {
			got := &r.head.Fields[i]
			if string(got.Name) != want.Name || string(got.Value) != strings.Trim(want.Value, " \t") || !message.IsToken(got.Name) || !message.IsValue(got.Value) {
				t.Errorf("%q: %q was taken of %v", got.Name, got.Value, want)
			}
			switch got.Kind {
			case message.Connection, message.TransferEncoding, message.Upgrade, message.KeepAlive, message.ProxyConnection, message.TE:
				t.Errorf("%q was taken", got.Name)
			}
		}
	})
}

// Trailers stay until the exchange ends, whatever the server sends after them and on other streams.
func TestTrailersAreTheFirstOnes(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s, other := c.get("/"), c.get("/other")
	p.awaitHeaders()
	p.headers(1, false, ":status", "200")
	p.headers(1, true, "grpc-status", "0")
	if status, _, err := read(s); status != 200 || err != nil {
		t.Fatalf("got %d (%v), want 200", status, err)
	}
	trailers := s.Content().Trailers()
	p.headers(1, true, "again", "1")
	p.headers(3, true, ":status", "200", "set-cookie", "another client's")
	if status, _, err := read(other); status != 200 || err != nil {
		t.Fatalf("the other exchange got %d (%v), want 200", status, err)
	}
	if got, want := describe(trailers), "grpc-status: 0"; got != want {
		t.Errorf("the trailers are %q, want %q", got, want)
	}
}
