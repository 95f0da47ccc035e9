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

// value reads a head. It returns its first line, or its status, and the bytes of a field's value.
func (s *side) value(name string) (first, value string) {
	if s.frames == nil {
		lines := s.head()
		first, _, _ = strings.Cut(lines, "\r\n")
		_, value, found := strings.Cut(lines, "\r\n"+name+": ")
		if !found {
			s.tb.Fatalf("no %s in %q", name, lines)
		}
		value, _, _ = strings.Cut(value, "\r\n")
		return first, value
	}
	for {
		f, ok := s.frames.next().(*http2.HeadersFrame)
		if !ok {
			continue
		}
		s.stream = f.StreamID
		fields, err := hpack.NewDecoder(4096, nil).DecodeFull(f.HeaderBlockFragment())
		if err != nil {
			s.frames.tb.Fatal(err)
		}
		for _, field := range fields {
			switch field.Name {
			case ":method", ":status":
				first = field.Value
			case name:
				return first, field.Value
			}
		}
		s.frames.tb.Fatalf("no %s in %v", name, fields)
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
