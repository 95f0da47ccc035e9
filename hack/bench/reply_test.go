// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// parts is a stream that has nothing to read between its parts, and ends after them.
type parts []string

func (p *parts) read(to []byte) (int, error) {
	if len(*p) == 0 {
		return 0, io.EOF
	}
	n := copy(to, (*p)[0])
	if (*p)[0] = (*p)[0][n:]; n > 0 {
		return n, nil
	}
	*p = (*p)[1:]
	return 0, errAgain
}

func (p *parts) write([]byte) (int, error) { return 0, errAgain }

func (p *parts) discard(n int) (int, error) { return p.read(make([]byte, n)) }

func TestReplyIsCompleteWithItsLastByte(t *testing.T) {
	const response = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: y\r\n\r\nhello"
	for cut := range response {
		stream := &parts{response[:cut], response[cut:]}
		r := newReply(5)
		err := r.read(stream)
		for errors.Is(err, errAgain) {
			err = r.read(stream)
		}
		if err != nil {
			t.Errorf("cut after %d bytes: %v", cut, err)
		}
	}
}

func TestEncodedReplyIsCompleteWithItsLastChunk(t *testing.T) {
	const response = "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n" + "5\r\n0\r\n\r\n\r\n" + "1\r\na\r\n" + "0\r\n\r\n"
	for cut := range response {
		stream := &parts{response[:cut], response[cut:]}
		r := newReply(encodedBody)
		err := r.read(stream)
		for errors.Is(err, errAgain) {
			err = r.read(stream)
		}
		if err != nil {
			t.Errorf("cut after %d bytes: %v", cut, err)
		}
	}
	for response, want := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na":                "not compressed",
		"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nx\r\n":         `begins with "x"`,
		"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n0\r\n\r\nHTTP": "4 bytes follow",
		"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n1\r\na\r\n":    "ended in place of a response",
	} {
		stream := &parts{response}
		r := newReply(encodedBody)
		err := r.read(stream)
		for errors.Is(err, errAgain) {
			err = r.read(stream)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want one that says %q", response, err, want)
		}
	}
}

func TestReplyRefusesWhatIsNotWanted(t *testing.T) {
	tests := map[string]struct{ response, want string }{
		"another status":       {"HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nhello", `begins with "HTTP/1.1 503 Busy"`},
		"another size":         {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", "has 6 bytes, want 5"},
		"no size":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "no Content-Length"},
		"more than there is":   {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", "1 bytes follow"},
		"an end in the head":   {"HTTP/1.1 200 OK\r\nContent-", "ended in place of a response"},
		"an end in the middle": {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", "ended in place of a response"},
		"an endless head":      {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 16<<10), "head has more than"},
		"no HTTP":              {"SSH-2.0-OpenSSH\r\n\r\n", `begins with "SSH`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			stream := &parts{test.response}
			r := newReply(5)
			err := r.read(stream)
			for errors.Is(err, errAgain) {
				err = r.read(stream)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that says %q", err, test.want)
			}
		})
	}
}
