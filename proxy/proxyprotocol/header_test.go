// SPDX-License-Identifier: Apache-2.0

package proxyprotocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
)

// afterProxyHeader follows a header. The parser must take none of it.
const afterProxyHeader = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

// addresses2 returns the addresses of version 2: source, destination and two ports.
func addresses2(source, destination string) []byte {
	s, d := netip.MustParseAddr(source), netip.MustParseAddr(destination)
	return append(append(s.AsSlice(), d.AsSlice()...), 0x04, 0xd2, 0x01, 0xbb)
}

// extension returns a type-length-value of version 2.
func extension(kind byte, value string) []byte {
	return append([]byte{kind, byte(len(value) >> 8), byte(len(value))}, value...)
}

type proxyHeader struct {
	name, header string
	// want is the source that the header names, and port the one that it came to. They are "" and 0 if the connection is
	// the proxy's own.
	want string
	port uint16
}

func validProxyHeaders() []proxyHeader {
	v4, v6 := addresses2("203.0.113.7", "192.0.2.1"), addresses2("2001:db8::7", "2001:db8::1")
	longest := strings.Repeat("ffff:", 7) + "ffff"
	return []proxyHeader{
		{"v1 TCP4", "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\r\n", "203.0.113.7", 443},
		{"v1 TCP4 at its shortest", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "1.1.1.1", 2},
		{"v1 TCP4 at its longest", "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65535},
		{"v1 TCP4 with ports of 0", "PROXY TCP4 203.0.113.7 192.0.2.1 0 0\r\n", "203.0.113.7", 0},
		{"v1 TCP6", "PROXY TCP6 2001:db8::7 2001:db8::1 1234 443\r\n", "2001:db8::7", 443},
		{"v1 TCP6 at its longest", "PROXY TCP6 " + longest + " " + longest + " 65535 65535\r\n", longest, 65535},
		{"v1 TCP6 in capitals", "PROXY TCP6 2001:DB8::7 2001:DB8::1 1234 443\r\n", "2001:db8::7", 443},
		{"v1 TCP6 with IPv4 in disguise", "PROXY TCP6 ::ffff:203.0.113.7 ::ffff:192.0.2.1 1234 443\r\n", "::ffff:203.0.113.7", 443},
		{"v1 UNKNOWN", "PROXY UNKNOWN\r\n", "", 0},
		{"v1 UNKNOWN with addresses", "PROXY UNKNOWN 203.0.113.7 192.0.2.1 1234 443\r\n", "", 0},
		{"v1 UNKNOWN with anything", "PROXY UNKNOWN \xff\x00 what ever\r\n", "", 0},
		{"v1 UNKNOWN at its longest", "PROXY UNKNOWN " + strings.Repeat("f", v1Longest-16) + "\r\n", "", 0},
		{"v2 TCP over IPv4", headerV2(0x21, 0x11, v4), "203.0.113.7", 443},
		{"v2 TCP over IPv6", headerV2(0x21, 0x21, v6), "2001:db8::7", 443},
		{"v2 IPv4 in disguise", headerV2(0x21, 0x21, addresses2("::ffff:203.0.113.7", "::ffff:192.0.2.1")), "::ffff:203.0.113.7", 443},
		{"v2 with extensions", headerV2(0x21, 0x11, bytes.Join([][]byte{
			v4, extension(0x01, "h2"), extension(0x02, "a.example"), extension(0x04, strings.Repeat("x", 100)), extension(0x20, "\x01\x00\x00\x00\x00"),
		}, nil)), "203.0.113.7", 443},
		{"v2 with extensions that are none", headerV2(0x21, 0x11, append(v4, 0x01, 0xff)), "203.0.113.7", 443},
		{"v2 at its longest", headerV2(0x21, 0x21, append(v6, make([]byte, v2Longest-36)...)), "2001:db8::7", 443},
		{"v2 LOCAL", headerV2(0x20, 0x00, nil), "", 0},
		{"v2 LOCAL with addresses", headerV2(0x20, 0x11, v4), "", 0},
		{"v2 LOCAL with a family that there is not", headerV2(0x20, 0xff, []byte{1, 2, 3}), "", 0},
		{"v2 unspecified", headerV2(0x21, 0x00, nil), "", 0},
		{"v2 unspecified with something", headerV2(0x21, 0x00, v4), "", 0},
		{"v2 unix", headerV2(0x21, 0x31, make([]byte, 216)), "", 0},
	}
}

func invalidProxyHeaders() []proxyHeader {
	v4, v6 := addresses2("203.0.113.7", "192.0.2.1"), addresses2("2001:db8::7", "2001:db8::1")
	return []proxyHeader{
		{name: "a request", header: afterProxyHeader},
		{name: "TLS", header: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00"},
		{name: "HTTP/2's preface", header: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{name: "an empty line", header: "\r\n\r\n" + afterProxyHeader},
		{name: "v1 in lower case", header: "proxy TCP4 203.0.113.7 192.0.2.1 1234 443\r\n"},
		{name: "v1 behind a space", header: " PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\r\n"},
		{name: "v1 without a space", header: "PROXYTCP4 203.0.113.7 192.0.2.1 1234 443\r\n"},
		{name: "v1 of another protocol", header: "PROXY UDP4 203.0.113.7 192.0.2.1 1234 443\r\n"},
		{name: "v1 of a protocol in lower case", header: "PROXY tcp4 203.0.113.7 192.0.2.1 1234 443\r\n"},
		{name: "v1 of a protocol that begins alike", header: "PROXY UNKNOWNS 203.0.113.7 192.0.2.1 1234 443\r\n"},
		{name: "v1 without addresses", header: "PROXY TCP4\r\n" + afterProxyHeader},
		{name: "v1 without a destination", header: "PROXY TCP4 203.0.113.7 1234 443\r\n"},
		{name: "v1 without ports", header: "PROXY TCP4 203.0.113.7 192.0.2.1\r\n"},
		{name: "v1 with one port", header: "PROXY TCP4 203.0.113.7 192.0.2.1 1234\r\n"},
		{name: "v1 with three ports", header: "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443 80\r\n"},
		{name: "v1 with two spaces", header: "PROXY TCP4  203.0.113.7 192.0.2.1 1234 443\r\n"},
		{name: "v1 with a tab", header: "PROXY TCP4\t203.0.113.7 192.0.2.1 1234 443\r\n"},
		{name: "v1 with a space at the end", header: "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443 \r\n"},
		{name: "v1 TCP4 with IPv6", header: "PROXY TCP4 2001:db8::7 2001:db8::1 1234 443\r\n"},
		{name: "v1 TCP6 with IPv4", header: "PROXY TCP6 203.0.113.7 192.0.2.1 1234 443\r\n"},
		{name: "v1 TCP4 with IPv4 in disguise", header: "PROXY TCP4 ::ffff:203.0.113.7 ::ffff:192.0.2.1 1234 443\r\n"},
		{name: "v1 with a destination of the other family", header: "PROXY TCP4 203.0.113.7 2001:db8::1 1234 443\r\n"},
		{name: "v1 with a destination that is none", header: "PROXY TCP4 203.0.113.7 nowhere 1234 443\r\n"},
		{name: "v1 with a source that is none", header: "PROXY TCP4 203.0.113 192.0.2.1 1234 443\r\n"},
		{name: "v1 with leading zeros", header: "PROXY TCP4 203.0.113.007 192.0.2.1 1234 443\r\n"},
		{name: "v1 with a zone", header: "PROXY TCP6 fe80::1%eth0 2001:db8::1 1234 443\r\n"},
		{name: "v1 with brackets", header: "PROXY TCP6 [2001:db8::7] [2001:db8::1] 1234 443\r\n"},
		{name: "v1 with a port in the address", header: "PROXY TCP4 203.0.113.7:1234 192.0.2.1:443 1234 443\r\n"},
		{name: "v1 with a port too large", header: "PROXY TCP4 203.0.113.7 192.0.2.1 65536 443\r\n"},
		{name: "v1 with a signed port", header: "PROXY TCP4 203.0.113.7 192.0.2.1 +1234 443\r\n"},
		{name: "v1 with a port of leading zeros", header: "PROXY TCP4 203.0.113.7 192.0.2.1 01234 443\r\n"},
		{name: "v1 with an empty port", header: "PROXY TCP4 203.0.113.7 192.0.2.1  443\r\n"},
		{name: "v1 with a port in hex", header: "PROXY TCP4 203.0.113.7 192.0.2.1 0x50 443\r\n"},
		{name: "v1 with LF alone", header: "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\n" + afterProxyHeader},
		{name: "v1 with CR alone", header: "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\r" + afterProxyHeader},
		{name: "v1 with LF within", header: "PROXY TCP4 203.0.113.7\n192.0.2.1 1234 443\r\n"},
		{name: "v1 with NUL", header: "PROXY TCP4 203.0.113.7\x00 192.0.2.1 1234 443\r\n"},
		{name: "v1 that does not end", header: "PROXY UNKNOWN " + strings.Repeat("f", 200) + "\r\n"},
		{name: "v1 too long by one", header: "PROXY UNKNOWN " + strings.Repeat("f", v1Longest-15) + "\r\n"},
		{name: "v2 with another version", header: headerV2(0x11, 0x11, v4)},
		{name: "v2 of version 3", header: headerV2(0x31, 0x11, v4)},
		{name: "v2 with another command", header: headerV2(0x22, 0x11, v4)},
		{name: "v2 with another family", header: headerV2(0x21, 0x41, v4)},
		{name: "v2 with another transport", header: headerV2(0x21, 0x13, v4)},
		{name: "v2 of datagrams", header: headerV2(0x21, 0x12, v4)},
		{name: "v2 IPv4 without addresses", header: headerV2(0x21, 0x11, nil)},
		{name: "v2 IPv4 too short by one", header: headerV2(0x21, 0x11, v4[:11])},
		{name: "v2 IPv6 too short by one", header: headerV2(0x21, 0x21, v6[:35])},
		{name: "v2 IPv6 with IPv4's addresses", header: headerV2(0x21, 0x21, v4)},
		{name: "v2 too long by one", header: headerV2(0x21, 0x11, append(v4, make([]byte, v2Longest-11)...))},
		{name: "v2 as long as can be said", header: headerV2(0x21, 0x11, append(v4, make([]byte, 0xffff-12)...))},
		{name: "v2 with another signature", header: "\r\n\r\n\x00\r\nQUIT\r" + headerV2(0x21, 0x11, v4)[12:]},
	}
}

func TestProxyHeaderNamesTheSourceAndThePort(t *testing.T) {
	t.Parallel()
	for _, test := range validProxyHeaders() {
		t.Run(test.name, func(t *testing.T) {
			want := Header{Port: test.port}
			if test.want != "" {
				want.Source = netip.MustParseAddr(test.want)
			}
			whole := strings.NewReader(test.header + afterProxyHeader)
			piecemeal := strings.NewReader(test.header + afterProxyHeader)
			for how, r := range map[string]struct {
				io.Reader
				rest io.Reader
			}{"at once": {whole, whole}, "a byte at a time": {iotest.OneByteReader(piecemeal), piecemeal}} {
				got, err := Read(r)
				if err != nil || got != want {
					t.Errorf("%s: got %v (%v), want %v", how, got, err, want)
				}
				if rest, _ := io.ReadAll(r.rest); string(rest) != afterProxyHeader {
					t.Errorf("%s: %q is left behind the header, want %q", how, rest, afterProxyHeader)
				}
			}
		})
	}
}

func TestWhatIsNoProxyHeaderIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range invalidProxyHeaders() {
		t.Run(test.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":          strings.NewReader(test.header + afterProxyHeader),
				"a byte at a time": iotest.OneByteReader(strings.NewReader(test.header + afterProxyHeader)),
			} {
				if got, err := Read(r); !errors.Is(err, ErrHeader) || got != (Header{}) {
					t.Errorf("%s: got %v and %v, want %v", how, got, err, ErrHeader)
				}
			}
		})
	}
}

// A header that breaks off anywhere is an error, and names nobody.
func TestTruncatedProxyHeaderNamesNobody(t *testing.T) {
	t.Parallel()
	for _, test := range validProxyHeaders() {
		for n := range len(test.header) {
			if got, err := Read(strings.NewReader(test.header[:n])); err == nil || got != (Header{}) {
				t.Errorf("%s, the first %d of %d bytes: got %v (%v), want an error", test.name, n, len(test.header), got, err)
			}
		}
	}
}

// The parser waits for nothing longer than any header. It gives up a line of version 1 at its greatest length.
func TestEndlessProxyHeaderIsGivenUp(t *testing.T) {
	t.Parallel()
	endless := &counting{r: iotest.OneByteReader(io.MultiReader(strings.NewReader("PROXY UNKNOWN "), endlessly('f')))}
	if _, err := Read(endless); !errors.Is(err, ErrHeader) || endless.n != v1Longest {
		t.Errorf("got %v after %d bytes, want %v after %d", err, endless.n, ErrHeader, v1Longest)
	}
	endless = &counting{r: io.MultiReader(strings.NewReader(headerV2(0x21, 0x11, make([]byte, 0xffff))), endlessly(0))}
	if _, err := Read(endless); !errors.Is(err, ErrHeader) || endless.n != 16 {
		t.Errorf("got %v after %d bytes, want %v after 16", err, endless.n, ErrHeader)
	}
}

// endlessly is a reader of the same byte again and again.
type endlessly byte

func (e endlessly) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

type counting struct {
	r io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// FuzzProxyHeader checks three promises of the parser for any bytes at all. It takes no byte beyond the header. It says
// the same however the bytes arrive: a header may come in pieces, and the request may come in the same piece as the
// header's end. The header has the address that it names.
func FuzzProxyHeader(f *testing.F) {
	for _, list := range [][]proxyHeader{validProxyHeaders(), invalidProxyHeaders()} {
		for _, test := range list {
			f.Add([]byte(test.header + afterProxyHeader))
			f.Add([]byte(test.header[:len(test.header)/2]))
		}
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		whole := &counting{r: bytes.NewReader(sent)}
		got, err := Read(whole)
		piecemeal := &counting{r: iotest.OneByteReader(bytes.NewReader(sent))}
		again, againErr := Read(piecemeal)
		if got != again || (err == nil) != (againErr == nil) || whole.n != piecemeal.n {
			t.Fatalf("%q: %v (%v) after %d bytes, and %v (%v) after %d", sent, got, err, whole.n, again, againErr, piecemeal.n)
		}
		if err != nil {
			if got != (Header{}) {
				t.Errorf("%q: got %v with %v", sent, got, err)
			}
			return
		}
		header := sent[:whole.n]
		switch {
		case bytes.HasPrefix(header, v1Prefix):
			if n := bytes.IndexByte(sent, '\n') + 1; n != len(header) || n < 2 || header[n-2] != '\r' || n > v1Longest {
				t.Errorf("%q: %d bytes were taken, the line has %d", sent, len(header), n)
			}
			words := strings.Fields(string(header))
			if named := got.Source.IsValid(); named != (words[1] != "UNKNOWN") || named && netip.MustParseAddr(words[2]) != got.Source {
				t.Errorf("%q: got %v", header, got)
			}
		case bytes.HasPrefix(header, v2Signature):
			if n := 16 + int(header[14])<<8 + int(header[15]); n != len(header) {
				t.Errorf("%q: %d bytes were taken, the header has %d", sent, len(header), n)
			}
			if got.Source.IsValid() && !bytes.HasPrefix(header[16:], got.Source.AsSlice()) {
				t.Errorf("%q: got %v", header, got)
			}
		default:
			t.Errorf("%q was taken for a header", header)
		}
	})
}

// headerV2 returns a header of version 2.
func headerV2(versionCommand, family byte, rest []byte) string {
	b := append(append([]byte{}, v2Signature...), versionCommand, family)
	return string(append(binary.BigEndian.AppendUint16(b, uint16(len(rest))), rest...))
}
