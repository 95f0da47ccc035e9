// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// echo is an endpoint on plain TCP. It answers each request with its own name and the request's head, byte for byte. No
// request may have content.
type echo struct {
	name string
	// fields go into each response.
	fields string
	mu     sync.Mutex
	conns  []net.Conn
}

// startEcho starts an echo whose responses have these fields, each written "Name: value".
func startEcho(tb testing.TB, name string, fields ...string) netip.AddrPort {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	e := &echo{name: name}
	for _, f := range fields {
		e.fields += f + "\r\n"
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			e.mu.Lock()
			e.conns = append(e.conns, c)
			e.mu.Unlock()
			running.Go(func() { e.serve(c) })
		}
	})
	tb.Cleanup(func() {
		_ = l.Close()
		e.mu.Lock()
		for _, c := range e.conns {
			_ = c.Close()
		}
		e.mu.Unlock()
		running.Wait()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// serve answers until the connection ends. A test that waits for an answer notices that.
func (e *echo) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	in := bufio.NewReader(c)
	for {
		var head []byte
		for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
			line, err := in.ReadSlice('\n')
			head = append(head, line...)
			if err != nil && err != bufio.ErrBufferFull {
				return
			}
		}
		if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s\n%s", e.fields, len(e.name)+1+len(head), e.name, head); err != nil {
			return
		}
	}
}

// echoes starts an echo for each name and returns a pool for each.
func echoes(tb testing.TB, names ...string) []snapshot.Pool {
	tb.Helper()
	var pools []snapshot.Pool
	for _, name := range names {
		pools = append(pools, poolOf(name, startEcho(tb, name)))
	}
	return pools
}

// seen says which echo answered and what head it saw.
func (r reply) seen(tb testing.TB) (by, head string) {
	tb.Helper()
	if r.Status != 200 {
		tb.Fatalf("got %d %q with %q, want an echo", r.Status, r.reason(), r.Body)
	}
	by, head, _ = strings.Cut(r.Body, "\n")
	return by, head
}

// header returns the fields of a head that an echo saw.
func (r reply) header(tb testing.TB) http.Header {
	tb.Helper()
	_, head := r.seen(tb)
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		tb.Fatalf("reading the head %q: %v", head, err)
	}
	return request.Header
}

// outcome says where a request ended: a status and reason of the proxy's own, or the echo that answered and the target
// that it saw, byte for byte.
func (r reply) outcome(tb testing.TB) string {
	tb.Helper()
	if r.Header.Get("Proxy-Status") != "" {
		return fmt.Sprintf("%d %s", r.Status, r.reason())
	}
	by, head := r.seen(tb)
	line, _, _ := strings.Cut(head, "\r\n")
	_, rest, _ := strings.Cut(line, " ")
	return by + " " + strings.TrimSuffix(rest, " HTTP/1.1")
}

func prefixes(texts ...string) []netip.Prefix {
	var parsed []netip.Prefix
	for _, text := range texts {
		parsed = append(parsed, netip.MustParsePrefix(text))
	}
	return parsed
}
