// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// malformed is a request that has to be refused, and the outcome of that.
type malformed struct {
	name, request, outcome string
}

const (
	refusedRequest = "400 MalformedRequest"
	refusedHead    = "431 HeadTooLarge"
	hostLine       = "Host: " + stableHost + "\r\n"
	postLine       = "POST /hash HTTP/1.1\r\n" + hostLine
)

func malformedRequests() []malformed {
	field := func(line string) string { return "GET /bytes/1/1 HTTP/1.1\r\n" + hostLine + line + "\r\n\r\n" }
	chunks := func(content string) string { return postLine + "Transfer-Encoding: chunked\r\n\r\n" + content }
	return []malformed{
		{"no target", "GET HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"no version", "GET /\r\n\r\n", refusedRequest},
		{"two spaces", "GET  / HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"space in the target", "GET /a b HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"tab for a space", "GET\t/ HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"space first", " GET / HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"empty lines", "\r\n\r\n\r\nGET / HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"method", "G@T / HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"control character in the target", "GET /\x01 HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"letter beyond ASCII in the authority", "GET http://\xc3\xa9/ HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"fragment", "GET /#a HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"relative target", "GET a HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"asterisk", "GET * HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"other scheme", "GET ftp://" + stableHost + "/ HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"user in the authority", "GET http://me@" + stableHost + "/ HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"authority differs from Host", "GET http://" + secureHost + "/ HTTP/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"version in lower case", "GET / http/1.1\r\n" + hostLine + "\r\n", refusedRequest},
		{"version of three digits", "GET / HTTP/1.10\r\n" + hostLine + "\r\n", refusedRequest},
		{"version 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 VersionNotSupported"},
		{"version 0.9", "GET / HTTP/0.9\r\n\r\n", "505 VersionNotSupported"},
		{"CONNECT", "CONNECT " + stableHost + ":443 HTTP/1.1\r\n" + hostLine + "\r\n", "501 MethodNotSupported"},
		{"TLS", "\x16\x03\x01\x00\x05hello\n\x01\x00\r\n\r\n", refusedRequest},

		{"no Host", "GET / HTTP/1.1\r\n\r\n", refusedRequest},
		{"two Hosts", field(strings.TrimSuffix(hostLine, "\r\n")), refusedRequest},
		{"path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", refusedRequest},
		{"port in Host", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", refusedRequest},
		{"brackets in Host", "GET / HTTP/1.1\r\nHost: [a]\r\n\r\n", refusedRequest},

		{"bare LF", "GET / HTTP/1.1\n" + hostLine + "\n", refusedRequest},
		{"bare LF after a field", field("A: b\nC: d"), refusedRequest},
		{"bare CR", field("A: b\rC: d"), refusedRequest},
		{"NUL", field("A: b\x00"), refusedRequest},
		{"fold", field("A: b\r\n c"), refusedRequest},
		{"fold first", "GET / HTTP/1.1\r\n A: b\r\n" + hostLine + "\r\n", refusedRequest},
		{"space before the colon", field("A : b"), refusedRequest},
		{"no colon", field("A"), refusedRequest},
		{"no name", field(": a"), refusedRequest},
		{"name", field("A(b): c"), refusedRequest},

		{"length and coding", postLine + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", refusedRequest},
		{"two lengths", postLine + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", refusedRequest},
		{"equal lengths", postLine + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", refusedRequest},
		{"list of lengths", postLine + "Content-Length: 5, 5\r\n\r\nhello", refusedRequest},
		{"signed length", postLine + "Content-Length: +5\r\n\r\nhello", refusedRequest},
		{"hexadecimal length", postLine + "Content-Length: 0x5\r\n\r\nhello", refusedRequest},
		{"empty length", postLine + "Content-Length:\r\n\r\n", refusedRequest},
		{"endless length", postLine + "Content-Length: 9223372036854775808\r\n\r\n", refusedRequest},
		{"coding", postLine + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", refusedRequest},
		{"coding identity", postLine + "Transfer-Encoding: identity\r\n\r\n", refusedRequest},
		{"chunked twice", postLine + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", refusedRequest},
		{"hidden coding", postLine + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", refusedRequest},
		{"coding in 1.0", "POST /hash HTTP/1.0\r\n" + hostLine + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", refusedRequest},

		{"chunk's size", chunks("five\r\nhello\r\n0\r\n\r\n"), refusedRequest},
		{"chunk's size after another", chunks("5\r\nhello\r\n-1\r\n\r\n"), refusedRequest},
		{"chunk without a size", chunks("\r\n\r\n"), refusedRequest},
		{"endless chunk", chunks("8000000000000000\r\n"), refusedRequest},
		{"chunk longer than its size", chunks("5\r\nhelloo\r\n0\r\n\r\n"), refusedRequest},
		{"bare LF after a chunk's size", chunks("5\nhello\r\n0\r\n\r\n"), refusedRequest},
		{"bare LF after a chunk", chunks("5\r\nhello\n0\r\n\r\n"), refusedRequest},
		{"control character in an extension", chunks("5;a=\x01\r\nhello\r\n0\r\n\r\n"), refusedRequest},
		{"long extension", chunks("5;" + strings.Repeat("a", 32<<10) + "\r\nhello\r\n0\r\n\r\n"), refusedRequest},
		{"trailer with a space before the colon", chunks("5\r\nhello\r\n0\r\nA : b\r\n\r\n"), refusedRequest},
		{"trailer without a colon", chunks("5\r\nhello\r\n0\r\nA\r\n\r\n"), refusedRequest},

		{"long target", "GET /" + strings.Repeat("a", 17<<10) + " HTTP/1.1\r\n" + hostLine + "\r\n", "414 TargetTooLong"},
		{"long field", field("A: " + strings.Repeat("a", 17<<10)), refusedHead},
		{"many fields", field(strings.Repeat("A: b\r\n", maxHeaders) + "A: b"), refusedHead},
		{"long head", field(strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70) + "A: b"), refusedHead},
		{"long trailers", chunks("0\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70) + "\r\n"), "431 HeadTooLarge"},
	}
}

// malformedClient sends such requests. It sends a good one behind each, which must not be served.
type malformedClient struct {
	*visitor
	requests []malformed
}

func newMalformedClient(v *visitor) client {
	m := malformedClient{v, malformedRequests()}
	return roundFunc(m.round)
}

func (m malformedClient) round() (string, error) {
	bad := &m.requests[m.rnd.IntN(len(m.requests))]
	if err := m.refused(bad); err != nil {
		return "", fmt.Errorf("%s: %w", bad.name, err)
	}
	return bad.outcome, nil
}

func (m malformedClient) refused(bad *malformed) error {
	s := newSession(m.visitor, m.dial)
	defer s.close()
	w, err := s.open()
	if err != nil {
		return err
	}
	smuggled := m.call("GET", stableHost, "/smuggled").head()
	if m.rnd.IntN(2) == 0 { // a good one before it
		if err := w.send(m.call("GET", stableHost, "/bytes/1/1").head() + bad.request + smuggled); err != nil {
			return fmt.Errorf("sending: %w", err)
		}
		r, err := w.receive("GET")
		if err != nil {
			return err
		}
		if err := m.pattern.verify(r.Body, 1, 1); err != nil {
			return err
		}
	} else if err := s.sendInPieces(w, bad.request+smuggled); err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	r, err := w.receive("GET")
	if err != nil {
		return err
	}
	if r.outcome() != bad.outcome {
		return timely(r.outcome(), fmt.Errorf("got %s instead of %s", r.outcome(), bad.outcome))
	}
	if err := r.explained(); err != nil {
		return err
	}
	if !r.Close {
		return fmt.Errorf("%s does not say that the connection ends", r.outcome())
	}
	return w.ended()
}
