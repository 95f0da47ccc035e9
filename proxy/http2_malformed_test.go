// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// longestLine is how long a line, or a field, may be: as long as a head.
const longestLine = 64 << 10

// An endpoint must not get what HTTP/1.1 would read differently from what was checked here. The client is told, and the
// stream is reset as a malformed one (RFC 9113, section 8.1.1).
func TestRequestThatIsMalformedInHTTP2IsRefused(t *testing.T) {
	t.Parallel()
	pseudo := func(changes ...string) []string {
		fields := head("GET", "/")
		for i := 0; i < len(changes); i += 2 {
			for j := 0; j < len(fields); j += 2 {
				if fields[j] == changes[i] {
					fields[j+1] = changes[i+1]
				}
			}
		}
		return fields
	}
	without := func(name string) (fields []string) {
		all := head("GET", "/")
		for i := 0; i < len(all); i += 2 {
			if all[i] != name {
				fields = append(fields, all[i], all[i+1])
			}
		}
		return fields
	}
	tests := map[string][]string{
		"CR and LF in a value":               head("GET", "/", "x", "a\r\nGET /b HTTP/1.1"),
		"LF in a value":                      head("GET", "/", "x", "a\nb: c"),
		"NUL in a value":                     head("GET", "/", "x", "a\x00b"),
		"CR and LF in a name":                head("GET", "/", "x: y\r\nz", "a"),
		"colon in a name":                    head("GET", "/", "transfer-encoding:", "chunked"),
		"space in a name":                    head("GET", "/", "x y", "a"),
		"NUL in a name":                      head("GET", "/", "x\x00", "a"),
		"no name":                            head("GET", "/", "", "a"),
		"upper case":                         head("GET", "/", "X-Y", "a"),
		"transfer-encoding":                  head("GET", "/", "transfer-encoding", "chunked"),
		"connection":                         head("GET", "/", "connection", "close"),
		"keep-alive":                         head("GET", "/", "keep-alive", "timeout=1"),
		"proxy-connection":                   head("GET", "/", "proxy-connection", "close"),
		"upgrade":                            head("GET", "/", "upgrade", "websocket"),
		"te of another coding":               head("GET", "/", "te", "gzip"),
		"te of trailers and another":         head("GET", "/", "te", "trailers, gzip"),
		"space in the path":                  pseudo(":path", "/a HTTP/1.1"),
		"CR and LF in the path":              pseudo(":path", "/a HTTP/1.1\r\nHost: b\r\n\r\n"),
		"fragment in the path":               pseudo(":path", "/a#b"),
		"byte beyond ASCII in the authority": pseudo(":authority", "\xc3\xa9"),
		"absolute URI for a path":            pseudo(":path", "http://b/"),
		"relative path":                      pseudo(":path", "a"),
		"asterisk for a path":                pseudo(":path", "*"),
		"empty path":                         pseudo(":path", ""),
		"space in the method":                pseudo(":method", "GET /b HTTP/1.1"),
		"CR and LF in the method":            pseudo(":method", "GET / HTTP/1.1\r\nX: "),
		"empty method":                       pseudo(":method", ""),
		"another scheme":                     pseudo(":scheme", "ftp"),
		"CR and LF in the authority":         pseudo(":authority", "a\r\nX: y"),
		"space in the authority":             pseudo(":authority", "a b"),
		"userinfo in the authority":          pseudo(":authority", "b@a"),
		"path in the authority":              pseudo(":authority", "a/b"),
		"empty authority":                    pseudo(":authority", ""),
		"no authority and no host":           without(":authority"),
		"no method":                          without(":method"),
		"no scheme":                          without(":scheme"),
		"no path":                            without(":path"),
		"host that differs":                  head("GET", "/", "host", "b"),
		"hosts that differ":                  append(without(":authority"), "host", "a", "host", "b"),
		"two hosts":                          head("GET", "/", "host", "a", "host", "a"),
		"two paths":                          append([]string{":path", "/b"}, head("GET", "/")...),
		"two methods":                        append([]string{":method", "PUT"}, head("GET", "/")...),
		"two authorities":                    append([]string{":authority", "b"}, head("GET", "/")...),
		"pseudo-header behind a field":       append(append([]string{}, ":method", "GET", ":scheme", "http", ":authority", "a", "x", "y"), ":path", "/"),
		"pseudo-header that is unknown":      append([]string{":protocol", "websocket"}, head("GET", "/")...),
		"pseudo-header of a response":        append([]string{":status", "200"}, head("GET", "/")...),
		"content-length without content":     head("GET", "/", "content-length", "5"),
		"content-length with a sign":         head("GET", "/", "content-length", "+0"),
		"content-length twice":               head("GET", "/", "content-length", "0", "content-length", "0"),
		"content-length that is a list":      head("GET", "/", "content-length", "0, 0"),
		"content-length beyond 2^63":         head("GET", "/", "content-length", "9223372036854775808"),
		"content-length in letters":          head("GET", "/", "content-length", "0x0"),
		"content-length that is no value":    head("GET", "/", "content-length", ""),
	}
	b := startBackend(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the endpoint got %s %s %v", r.Method, r.URL, r.Header)
	})
	p := serve(t, h2c)
	p.apply(everything(b.address))
	for name, fields := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := p.dialFrames()
			c.request(1, true, fields...)
			got := c.answer(1)
			if got.status != "400" || got.reason() != "MalformedRequest" || got.reset != http2.ErrCodeProtocol || got.ended {
				t.Errorf("got %v, want 400 MalformedRequest and a reset with PROTOCOL_ERROR", got)
			}
			c.ping()
		})
	}
}

func TestConnectIsNotServedOverHTTP2(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	c := p.dialFrames()
	c.request(1, true, ":method", "CONNECT", ":authority", "a:443")
	if got := c.answer(1); got.status != "501" || got.reason() != "MethodNotSupported" || !got.ended {
		t.Errorf("got %v, want 501 MethodNotSupported", got)
	}
}

// The endpoint must not take content for whole that differs from what was announced, nor get more of it.
func TestContentThatIsNotAsLongAsAnnouncedIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, length string
		data         []string
		trailers     []string
	}{
		{"too long in one frame", "4", []string{"hello"}, nil},
		{"too long in several frames", "7", []string{"hello", "you"}, nil},
		{"too short", "7", []string{"hello"}, nil},
		{"too short before trailers", "7", []string{"hello"}, []string{"x", "y"}},
		{"pseudo-header among the trailers", "5", []string{"hello"}, []string{":path", "/"}},
		{"trailer that is a coding", "5", []string{"hello"}, []string{"transfer-encoding", "chunked"}},
		{"trailer with LF", "5", []string{"hello"}, []string{"x", "a\nb"}},
		{"trailers too long", "5", []string{"hello"}, strings.Split(strings.Repeat("x,"+strings.Repeat("y", 3900)+",", 17), ",")[:34]},
	} {
		for _, unknown := range []bool{false, true} {
			if unknown && (test.trailers == nil || test.length != "5") {
				continue
			}
			name := test.name
			if unknown {
				name += ", of no announced length"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t, h2c)
				p.apply(everything(endpoint.address))
				c := p.dialFrames()
				fields := head("POST", "/")
				if !unknown {
					fields = append(fields, "content-length", test.length)
				}
				c.request(1, false, fields...)
				up := endpoint.accept()
				if _, err := up.in.Peek(1); err != nil { // the head is on its way
					t.Fatal(err)
				}
				for i, data := range test.data {
					c.check(c.WriteData(1, i == len(test.data)-1 && test.trailers == nil, []byte(data)))
				}
				if test.trailers != nil {
					c.request(1, true, test.trailers...)
				}
				got := c.answer(1)
				if got.status != "400" && got.status != "431" || got.reset != http2.ErrCodeProtocol {
					t.Errorf("got %v, want 400 and a reset with PROTOCOL_ERROR", got)
				}
				request, err := http.ReadRequest(up.in)
				if err != nil {
					t.Fatal(err)
				}
				if !unknown && test.length == "5" {
					return // what was announced had come before the trailers did
				}
				if body, err := io.ReadAll(request.Body); err == nil {
					t.Errorf("the endpoint received the whole content %q", body)
				}
				c.ping()
			})
		}
	}
}

// What follows a request without content is no request.
func TestContentThatWasNotAnnouncedReachesNobody(t *testing.T) {
	t.Parallel()
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	p := serve(t, h2c)
	p.apply(everything(b.address))
	c := p.dialFrames()
	c.request(1, false, head("POST", "/", "content-length", "0")...)
	c.check(c.WriteData(1, true, []byte("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")))
	for {
		// It is a matter of time whether the answer was under way.
		if frame, ok := c.next().(*http2.RSTStreamFrame); ok {
			if frame.ErrCode != http2.ErrCodeProtocol && frame.ErrCode != http2.ErrCodeNo && frame.ErrCode != http2.ErrCodeStreamClosed {
				t.Errorf("the stream was reset with %v", frame.ErrCode)
			}
			break
		}
	}
	c.get(3, "/")
	if got := c.answer(3); got.status != "200" || got.body != "" {
		t.Errorf("got %v, want 200 without content", got)
	}
}

func TestHeadBeyondALimitIs431OverHTTP2(t *testing.T) {
	t.Parallel()
	many := head("GET", "/")
	for range 129 {
		many = append(many, "x", "y")
	}
	long := head("GET", "/")
	for range 66 {
		long = append(long, "x", strings.Repeat("y", 1000))
	}
	for name, test := range map[string]struct {
		fields []string
		want   string
	}{
		"too many fields":       {many, "431"},
		"too long":              {long, "431"},
		"a field that is long":  {head("GET", "/", "x", strings.Repeat("y", longestLine)), "431"},
		"a path that is long":   {head("GET", "/"+strings.Repeat("y", longestLine)), "414"},
		"as many as there are":  {append(head("GET", "/"), many[8:8+2*128]...), "404"},
		"a cookie in 200 parts": {append(head("GET", "/"), strings.Split(strings.Repeat("cookie,a=b,", 200), ",")[:400]...), "404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c)
			c := p.dialFrames()
			c.longRequest(1, test.fields...)
			if got := c.answer(1); got.status != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
			c.get(3, "/")
			if got := c.answer(3); got.status != "404" {
				t.Errorf("then got %v, want 404", got)
			}
		})
	}
}

// longRequest opens a stream with a head in as many frames as it needs.
func (f *frames) longRequest(stream uint32, fields ...string) {
	f.tb.Helper()
	block := f.encode(fields...)
	n := min(len(block), 16<<10)
	f.check(f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block[:n], EndStream: true, EndHeaders: n == len(block)}))
	for block = block[n:]; len(block) > 0; block = block[n:] {
		n = min(len(block), 16<<10)
		f.check(f.WriteContinuation(stream, n == len(block), block[:n]))
	}
}
