// SPDX-License-Identifier: Apache-2.0

//go:build !race

// The race detector makes sync.Pool forget at random.

package proxy

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"testing"

	"golang.org/x/net/http2"
)

// A request whose fields are already in the client's table allocates nothing over HTTP/2. This does not run beside
// other tests, because it would count their allocations.
func TestRequestsOverHTTP2AllocateNothing(t *testing.T) {
	endpoint := answering(t, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
	p := serve(t, h2c)
	p.apply(everything(endpoint))
	c := p.dialFrames()
	fields := head("GET", "/a/b?c=d", "user-agent", "test", "accept", "*/*", "cookie", "a=b")
	c.get(1, "/a/b?c=d", fields[8:]...)
	if got := c.answer(1); got.status != "200" || got.body != "ok" {
		t.Fatalf("got %v, want 200", got)
	}
	var frame bytes.Buffer
	block := bytes.Clone(c.encode(fields...)) // now nothing but indexes of the table
	_ = http2.NewFramer(&frame, nil).WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndStream: true, EndHeaders: true})
	request, response := frame.Bytes(), make([]byte, 4096)
	stream := uint32(1)
	exchange := func() {
		stream += 2
		binary.BigEndian.PutUint32(request[5:], stream)
		if _, err := c.conn.Write(request); err != nil {
			t.Fatal(err)
		}
		for ended := false; !ended; {
			if _, err := io.ReadFull(c.conn, response[:9]); err != nil {
				t.Fatal(err)
			}
			ended = response[4]&1 != 0
			if _, err := io.ReadFull(c.conn, response[:int(response[1])<<8|int(response[2])]); err != nil {
				t.Fatal(err)
			}
		}
	}
	const warm, measured = 500, 4000
	for range warm {
		exchange()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range measured {
		exchange()
	}
	runtime.ReadMemStats(&after)
	if string(response[:2]) != "ok" {
		t.Errorf("the last content is %q", response[:2])
	}
	if each := float64(after.Mallocs-before.Mallocs) / measured; each >= 0.1 {
		t.Errorf("a request allocates %.2f times, want none", each)
	}
}
