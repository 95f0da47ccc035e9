// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/transport"
)

// patience is how long a test waits for what has to happen. It matters only if something is broken.
const patience = time.Minute

func testEndpoint(key Key) *Endpoint {
	e := new(Endpoint)
	e.Init(key, NewDialer(Config{Clock: transport.NewClock()}))
	return e
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

// deafAddress returns an address that neither takes nor refuses connections: its queue is full and nobody accepts.
func deafAddress(tb testing.TB) netip.AddrPort {
	tb.Helper()
	l := listen(tb)
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		tb.Fatal(err)
	}
	// With a backlog of 0, Linux queues one connection and leaves the others without an answer.
	if failed := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }); failed != nil || err != nil {
		tb.Fatal(failed, err)
	}
	c, err := net.DialTimeout("tcp", l.Addr().String(), patience)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// expectEnd expects the other end to close the connection in order, with nothing to read.
func expectEnd(tb testing.TB, c net.Conn) {
	tb.Helper()
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) != 0 {
		tb.Fatalf("received %q (%v), want the orderly end", rest, err)
	}
}

// await fails the test if something does not become true.
func await(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("%s did not happen within %v", what, patience)
		}
	}
}

// receive takes a value from a channel.
func receive[T any](tb testing.TB, what string, from <-chan T) T {
	tb.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		tb.Fatalf("%s did not happen within %v", what, patience)
		panic("unreachable")
	}
}
