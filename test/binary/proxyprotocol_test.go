// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// proxyV1 is a header of version 1 of the PROXY protocol for a connection from source.
func proxyV1(source string) []byte {
	if netip.MustParseAddr(source).Is4() {
		return []byte("PROXY TCP4 " + source + " 192.0.2.1 50000 80\r\n")
	}
	return []byte("PROXY TCP6 " + source + " 2001:db8::1 50000 80\r\n")
}

// proxyV2 is a header of version 2, with an extension after the addresses.
func proxyV2(source string) []byte {
	const versionAndProxy, tcp4, tcp6 = 0x21, 0x11, 0x21
	from := netip.MustParseAddr(source)
	family, to := byte(tcp4), netip.MustParseAddr("192.0.2.1")
	if from.Is6() {
		family, to = tcp6, netip.MustParseAddr("2001:db8::1")
	}
	rest := append(from.AsSlice(), to.AsSlice()...)
	rest = append(rest, 0xc3, 0x50, 0, 80) // the ports
	rest = append(rest, 4, 0, 3, 1, 2, 3)  // three bytes that mean nothing
	header := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), versionAndProxy, family)
	return append(binary.BigEndian.AppendUint16(header, uint16(len(rest))), rest...)
}

// proxyLocal is a header of version 2 that says that the proxy asks for itself.
func proxyLocal() []byte { return []byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00") }

// exchangeAfter sends first on a connection, and then requests. It returns the answer to the last one.
func exchangeAfter(t *testing.T, address, host string, first []byte) (answer, error) {
	t.Helper()
	c, err := connect(address, net.Dialer{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(first); err != nil {
		t.Fatal(err)
	}
	got, err := c.exchange(host, "/", "", "")
	if err != nil {
		return got, err
	}
	return c.exchange(host, "/", "", "")
}

func TestPROXYHeadersOfTrustedProxiesAloneGiveTheClientsAddress(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const self = "127.0.0.1"
	trusted := s.start("--proxy-protocol", "--trusted-proxies="+self)
	untrusted := s.start("--proxy-protocol", "--trusted-proxies=192.0.2.0/24,2001:db8::/32")
	host := s.host("shop")
	s.create(ingress("shop", host, "web"), task("web", startBackend(t, "web-1")))
	for _, c := range []*controller{trusted, untrusted} {
		c.ready()
		eventually(t, patience, "the route", func() error {
			header := proxyV1("203.0.113.1")
			if c == untrusted {
				header = nil
			}
			_, err := exchangeAfter(t, c.http, host, header)
			return err
		})
	}

	tests := map[string]struct {
		proxy *controller
		first []byte
		// realIP is the address that the backend is told. If it is empty, want says what becomes of the connection.
		realIP string
		want   func(answer, error) bool
	}{
		"version 1, IPv4":                    {proxy: trusted, first: proxyV1("203.0.113.7"), realIP: "203.0.113.7"},
		"version 1, IPv6":                    {proxy: trusted, first: proxyV1("2001:db8:7::7"), realIP: "2001:db8:7::7"},
		"version 1, unknown":                 {proxy: trusted, first: []byte("PROXY UNKNOWN\r\n"), realIP: self},
		"version 2, IPv4":                    {proxy: trusted, first: proxyV2("203.0.113.8"), realIP: "203.0.113.8"},
		"version 2, IPv6":                    {proxy: trusted, first: proxyV2("2001:db8:8::8"), realIP: "2001:db8:8::8"},
		"version 2, the proxy's own":         {proxy: trusted, first: proxyLocal(), realIP: self},
		"none from a trusted proxy":          {proxy: trusted, want: closedUnanswered},
		"a wrong one from a trusted proxy":   {proxy: trusted, first: []byte("PROXY TCP4 203.0.113.7 192.0.2.1 0x1 80\r\n"), want: closedUnanswered},
		"none from anybody else":             {proxy: untrusted, realIP: self},
		"version 1 from an untrusted client": {proxy: untrusted, first: proxyV1("203.0.113.7"), want: malformed},
		"version 2 from an untrusted client": {proxy: untrusted, first: proxyV2("203.0.113.7"), want: malformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := exchangeAfter(t, test.proxy.http, host, test.first)
			switch {
			case test.want != nil && !test.want(got, err):
				t.Errorf("answered with %q (%v)", got, err)
			case test.want == nil && (err != nil || got.String() != from("web-1") || got.arrival.RealIP != test.realIP):
				t.Errorf("answered with %q (%v) for a client at %s, want an answer of web-1 for one at %s", got, err, got.arrival.RealIP, test.realIP)
			}
		})
	}
}

// closedUnanswered says whether the connection ended in time, without a byte of a response.
func closedUnanswered(got answer, err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return err != nil && (!ok || !timeout.Timeout()) && got.status == 0
}

// malformed says whether the header was taken for a malformed request.
func malformed(got answer, _ error) bool { return got.String() == "400 MalformedRequest" }

func TestAPROXYHeaderThatDoesNotComeEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := s.start("--proxy-protocol", "--trusted-proxies=127.0.0.1").ready()
	conn, err := connect(c.http, net.Dialer{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("PROXY TCP4 ")); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, conn)
	if timeout, ok := errors.AsType[net.Error](err); n > 0 || ok && timeout.Timeout() {
		t.Errorf("read %d bytes and %v, want the end of the connection", n, err)
	}
}
