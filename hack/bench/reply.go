// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// reply reads one response after another from a stream. A response has status 200 and a Content-Length of want. If
// that is encodedBody, it has a Content-Encoding and comes in chunks that fit into the buffer. Everything else is an
// error: a proxy that answers something else did not do the work that is measured.
type reply struct {
	want   int64
	buffer [16 << 10]byte
	n      int
	// content is how much of the content is still to come. It is -1 before the head is complete.
	content int64
}

func newReply(want int64) *reply {
	return &reply{want: want, content: -1}
}

// read goes on with a response. It returns nil when the response is complete, and errAgain if there is nothing more to
// read yet.
func (r *reply) read(s stream) error {
	for r.content < 0 {
		if r.n == len(r.buffer) {
			return fmt.Errorf("the response's head has more than %d bytes, or with its chunks if it is encoded", r.n)
		}
		n, err := s.read(r.buffer[r.n:])
		r.n += n
		if err != nil {
			return r.torn(err)
		}
		if err := r.readHead(); err != nil {
			return err
		}
	}
	for r.content > 0 {
		n, err := s.discard(int(r.content))
		r.content -= int64(n)
		if err != nil {
			return r.torn(err)
		}
	}
	r.n, r.content = 0, -1
	return nil
}

func (r *reply) readHead() error {
	end := bytes.Index(r.buffer[:r.n], []byte("\r\n\r\n"))
	if end < 0 {
		return nil
	}
	head := r.buffer[:end+2]
	if len(head) < 13 || !bytes.HasPrefix(head, []byte("HTTP/1.1 ")) || string(head[9:12]) != "200" {
		line, _, _ := bytes.Cut(head, []byte("\r\n"))
		return fmt.Errorf("the response begins with %q, want status 200", line)
	}
	if r.want == encodedBody {
		return r.readChunks(head, r.buffer[end+4:r.n])
	}
	length, ok := lengthOf(head)
	if !ok {
		return errors.New("the response has no Content-Length")
	}
	if length != r.want {
		return fmt.Errorf("the response has %d bytes, want %d", length, r.want)
	}
	r.content = length - int64(r.n-end-4)
	if r.content < 0 {
		return fmt.Errorf("%d bytes follow the response", -r.content)
	}
	return nil
}

// readChunks looks whether all chunks of an encoded response are there. If so, it sets content to 0.
func (r *reply) readChunks(head, chunks []byte) error {
	if !bytes.Contains(head, []byte("\r\nContent-Encoding: ")) && !bytes.Contains(head, []byte("\r\ncontent-encoding: ")) {
		return errors.New("the response is not compressed")
	}
	for {
		line, rest, ok := bytes.Cut(chunks, []byte("\r\n"))
		if !ok {
			return nil
		}
		size, err := strconv.ParseUint(string(line), 16, 32)
		if err != nil {
			return fmt.Errorf("a chunk begins with %q", line)
		}
		if len(rest) < int(size)+len("\r\n") {
			return nil
		}
		if size == 0 {
			if r.content = 0; len(rest) > len("\r\n") {
				return fmt.Errorf("%d bytes follow the response", len(rest)-len("\r\n"))
			}
			return nil
		}
		chunks = rest[int(size)+len("\r\n"):]
	}
}

// torn tells a stream that ended from one that has nothing to read yet.
func (r *reply) torn(err error) error {
	if errors.Is(err, errAgain) {
		return err
	}
	return fmt.Errorf("the connection ended in place of a response: %w", err)
}

// lengthOf finds Content-Length. It looks at a name's first and last letters before it compares all of it, because it
// runs for every response.
func lengthOf(head []byte) (int64, bool) {
	const name = "content-length"
	for {
		end := bytes.IndexByte(head, '\n')
		if end < 0 {
			return 0, false
		}
		line := head[:end]
		head = head[end+1:]
		if len(line) <= len(name) || line[0]|0x20 != 'c' || line[len(name)] != ':' || line[len(name)-1]|0x20 != 'h' {
			continue
		}
		if !bytes.EqualFold(line[:len(name)], []byte(name)) {
			continue
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line[len(name)+1:])), 10, 64)
		return n, err == nil && n >= 0
	}
}
