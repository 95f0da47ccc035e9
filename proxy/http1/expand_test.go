// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"bytes"
	"testing"
)

// fragments are what valid and invalid messages are made of. Random bytes would seldom get as far.
func fragments() []string {
	return []string{
		"\r\n", "\r\n\r\n", "\n", "\r", "\r\n ", "\r\n\t", " ", "\t", ":", ": ", " :", ",", ", ", ";", "\"", "\x00", "\x7f",
		"GET ", "POST ", "HEAD ", "OPTIONS * ", "CONNECT ", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "HTTP/1.1 ", "HTTP/1.0 ",
		"GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 204 No Content\r\n",
		"HTTP/1.1 304 Not Modified\r\n", "HTTP/1.1 101 Switching Protocols\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
		"http://", "https://a", "/", "/..", "//", "%2e", "%", "?", "#", "@", "*", "[::1]", "[", "]", ":80",
		"Host: ", "Host: a\r\n", "Content-Length: ", "Content-Length: 5\r\n", "Transfer-Encoding: ", "Transfer-Encoding: chunked\r\n",
		"chunked", "identity", "gzip", "Connection: ", "close", "keep-alive", "upgrade", "Upgrade: websocket\r\n",
		"Expect: 100-continue\r\n", "TE: trailers\r\n", "Trailer: ", "Pragma: no-cache\r\n", "X-Forwarded-For: 1.2.3.4\r\n",
		"hello", "5\r\nhello\r\n", "0\r\n", "0\r\n\r\n", "5;a=b\r\n", "5 ;a\r\n", "ffffffffffffffff\r\n", "7fffffffffffffff\r\n",
		"0000000000000005\r\n", "HTTP/2.0 ", " 000 ", "A: b\r\n", "a\r\n0123456789\r\n",
	}
}

// expand replaces each byte from 0x80 on by a fragment, as far as there are fragments. Other bytes stay, so that
// ordinary messages can be written as they are.
func expand(in []byte) []byte {
	all := fragments()
	var out []byte
	for _, c := range in {
		if i := int(c) - 0x80; i >= 0 && i < len(all) {
			out = append(out, all[i]...)
		} else {
			out = append(out, c)
		}
	}
	return out
}

func TestExpansionLeavesOrdinaryMessagesAlone(t *testing.T) {
	if got := expand([]byte(typicalRequest)); string(got) != typicalRequest {
		t.Errorf("got %q", got)
	}
	if got := expand([]byte("\x80a\xff")); !bytes.Equal(got, []byte("\r\na\xff")) {
		t.Errorf("got %q", got)
	}
	if n := len(fragments()); n > 0x70 {
		t.Errorf("%d fragments leave no bytes beyond ASCII", n)
	}
}
