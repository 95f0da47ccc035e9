// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// The kernel keeps bytes that it was told more follow. After the last record there is nothing to wait for.
func TestNoRecordIsKeptBack(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	below, err := NewTCP(accepted.(*net.TCPConn), NewClock(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = below.Close() }()
	in := tls.Client(client, &tls.Config{InsecureSkipVerify: true})
	shaken := make(chan error, 1)
	go func() { shaken <- in.Handshake() }()
	server, err := SecureServer(t.Context(), below, &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}, DynamicRecordSizingDisabled: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, maxRecord, maxRecord + 1, 2*maxRecord + 1, 3 * maxRecord, 4 * maxRecord} {
		if _, err := server.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if n := unsent(t, below); n != 0 || below.following.Load() != 0 {
			t.Errorf("of %d bytes the kernel keeps %d back; %d records are due", size, n, below.following.Load())
		}
		if _, err := io.ReadFull(in, make([]byte, size)); err != nil {
			t.Fatalf("reading %d bytes: %v", size, err)
		}
	}
	// Bytes that more should follow are kept: otherwise the above would show nothing.
	if _, err := below.writeMore([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if n := unsent(t, below); n != 1 {
		t.Errorf("the kernel keeps %d bytes back, not the one", n)
	}
}

// unsent returns how many written bytes were not sent yet (SIOCOUTQNSD of tcp(7)).
func unsent(t *testing.T, c *TCP) (n int32) {
	t.Helper()
	const outQueueNotSent = 0x894b
	var errno syscall.Errno
	err := c.raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, outQueueNotSent, uintptr(unsafe.Pointer(&n)))
	})
	if err != nil || errno != 0 {
		t.Fatalf("asking for the queue: %v, %v", err, errno)
	}
	return n
}
