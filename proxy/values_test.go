// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// side is one end of an exchange, a client or an endpoint, in either version of HTTP. It reads and writes the bytes of
// values itself: net/http and x/net refuse some that must pass.
type side struct {
	*wire
	frames *frames
	stream uint32
}

// frameSide makes a side of frames, whose heads it decodes itself.
func frameSide(f *frames, stream uint32) *side {
	f.ReadMetaHeaders = nil
	return &side{frames: f, stream: stream}
}

// ask sends a GET with a field, whose name is in lower case.
func (s *side) ask(name, value string) {
	s.tell("GET / HTTP/1.1\r\nHost: a\r\n", name, value, head("GET", "/"))
}

// tell sends a head with a field, as lines or as pseudo-headers.
func (s *side) tell(lines, name, value string, pseudo []string) {
	if s.frames == nil {
		s.send(lines + name + ": " + value + "\r\n\r\n")
		return
	}
	s.frames.request(s.stream, true, append(pseudo, name, value)...)
}

// answer sends a response without content that has a field.
func (s *side) answer(name, value string) {
	s.tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", name, value, []string{":status", "200", "content-length", "0"})
}

// value reads a head. It returns its first line, or its method or status, and the bytes of a field's value.
func (s *side) value(name string) (first, value string) {
	s.testing().Helper()
	first, fields := s.fields()
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == name {
			return first, fields[i+1]
		}
	}
	s.testing().Fatalf("no %s in %q", name, fields)
	return "", ""
}

// lengths reads a head, and returns the values of its Content-Length.
func (s *side) lengths() (values []string) {
	s.testing().Helper()
	_, fields := s.fields()
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "content-length" {
			values = append(values, fields[i+1])
		}
	}
	return values
}

func (s *side) testing() testing.TB {
	if s.frames == nil {
		return s.tb
	}
	return s.frames.tb
}

// fields reads a head. It returns its first line, or its method or status, and the names in lower case and values of
// its fields in turn.
func (s *side) fields() (first string, fields []string) {
	s.testing().Helper()
	if s.frames == nil {
		lines := strings.Split(s.head(), "\r\n")
		for _, line := range lines[1 : len(lines)-2] {
			name, value, _ := strings.Cut(line, ": ")
			fields = append(fields, strings.ToLower(name), value)
		}
		return lines[0], fields
	}
	for {
		f, ok := s.frames.next().(*http2.HeadersFrame)
		if !ok {
			continue
		}
		s.stream = f.StreamID
		decoded, err := hpack.NewDecoder(4096, nil).DecodeFull(f.HeaderBlockFragment())
		if err != nil {
			s.frames.tb.Fatal(err)
		}
		for _, field := range decoded {
			if field.Name == ":method" || field.Name == ":status" {
				first = field.Value
			}
			fields = append(fields, field.Name, field.Value)
		}
		return first, fields
	}
}

// eachWay runs a test for each pair of versions in which a client and an endpoint speak. The test gets the client, and
// what the proxy connects to once the client asked.
func eachWay(t *testing.T, test func(t *testing.T, client *side, endpoint func() *side)) {
	for _, from := range []string{"HTTP/1.1", "HTTP/2"} {
		for _, to := range []string{"HTTP/1.1", "HTTP/2"} {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				s := startScript(t)
				p := serve(t, h2c)
				client := &side{}
				if from == "HTTP/2" {
					client = frameSide(p.dialFrames(), 1)
				} else {
					client.wire = p.dial()
				}
				snapshot := everything(s.address)
				if to == "HTTP/2" {
					p.apply(inH2C(snapshot))
					test(t, client, func() *side { return frameSide(s.acceptFrames(), 0) })
					return
				}
				p.apply(snapshot)
				test(t, client, func() *side { return &side{wire: s.accept()} })
			})
		}
	}
}

// A value may hold any byte but CR, LF and NUL. Only these could end it for a reader (RFC 9110, section 5.5). Bots send
// the others, and cookies and file names have them.
func TestControlCharactersInValuesPass(t *testing.T) {
	t.Parallel()
	var controls strings.Builder
	controls.WriteString("\x01 to \x1f: ")
	for c := byte(1); c < ' '; c++ {
		if c != '\r' && c != '\n' {
			controls.WriteByte(c)
		}
	}
	for name, value := range map[string]string{
		"all":                  controls.String() + "\x7f.",
		"at the ends":          "\x1b[31mred\x1b[0m\x7f",
		"alone":                "\x0b",
		"with bytes of Latin1": "\xe9\x01\xff\x85",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWay(t, func(t *testing.T, client *side, endpoint func() *side) {
				client.ask("x-value", value)
				up := endpoint()
				if _, got := up.value("x-value"); got != value {
					t.Errorf("the endpoint got %q, want %q", got, value)
				}
				up.answer("x-value", value)
				if first, got := client.value("x-value"); got != value || !strings.Contains(first, "200") {
					t.Errorf("the client got %s and %q, want 200 and %q", first, got, value)
				}
			})
		})
	}
}

// White space around a value is none of it (RFC 9110, section 5.5). In HTTP/2 nobody may send it, and some do: the
// receiver takes it off, as in HTTP/1.1.
func TestWhiteSpaceAroundAValueIsTakenOff(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"Phone/1.0 ":       "Phone/1.0",
		" a b\t":           "a b",
		"\t \tx":           "x",
		" \t ":             "",
		" \x01 ":           "\x01",
		"\"a quoted one\"": "\"a quoted one\"",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			eachWay(t, func(t *testing.T, client *side, endpoint func() *side) {
				client.ask("user-agent", sent)
				up := endpoint()
				if _, got := up.value("user-agent"); got != want {
					t.Errorf("the endpoint got %q, want %q", got, want)
				}
				up.answer("server", sent)
				if first, got := client.value("server"); got != want || !strings.Contains(first, "200") {
					t.Errorf("the client got %s and %q, want 200 and %q", first, got, want)
				}
			})
		})
	}
}

// White space that is taken off hides nothing: what frames, routes or names a client is read without it.
func TestWhiteSpaceAroundAValueHidesNothing(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	c.request(1, false, head("POST", "/", "content-length", " 2 ", "host", "\ta ", "te", "trailers ", "cookie", "a=1 ", "cookie", " b=2", "x-forwarded-for", " 1.2.3.4 ")...)
	c.check(c.WriteData(1, true, []byte("hi")))
	up := endpoint.accept()
	got := up.request()
	if got.ContentLength != 2 || got.Host != "a" || got.Header.Get("X-Forwarded-For") != "127.0.0.1" || got.Header.Get("Cookie") != "a=1; b=2" {
		t.Errorf("the endpoint got %d bytes for %q with %v", got.ContentLength, got.Host, got.Header)
	}
	up.send(okReply)
	if got := c.answer(1); got.status != "200" {
		t.Errorf("got %v, want 200", got)
	}
	for name, fields := range map[string][]string{
		"two lengths":      head("POST", "/", "content-length", "2", "content-length", "2 "),
		"a length within":  head("POST", "/", "content-length", "2 2"),
		"another host":     head("GET", "/", "host", " b"),
		"another coding":   head("GET", "/", "te", " gzip"),
		"a space in :path": {":method", "GET", ":scheme", "http", ":path", "/ ", ":authority", "a"},
		"a space in :authority": {
			":method", "GET", ":scheme", "http", ":path", "/", ":authority", " a",
		},
	} {
		c := p.dialFrames()
		c.request(1, true, fields...)
		if got := c.answer(1); got.status != "400" || got.reset != http2.ErrCodeProtocol {
			t.Errorf("%s: got %v, want 400 and PROTOCOL_ERROR", name, got)
		}
	}
}
