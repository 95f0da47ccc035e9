package proxy

import (
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"testing"
	"unsafe"
)

// The kernel keeps what it was told is followed by more. After the last record there is nothing to wait for.
func TestNoRecordIsKeptBack(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	c := issue(t, "default/a", ecdsaKey(t), "a")
	pair, err := tls.X509KeyPair([]byte(c.Chain), []byte(c.Key))
	if err != nil {
		t.Fatal(err)
	}
	client := dial(t, listener.Addr().String())
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	below, err := newTransport(accepted.(*net.TCPConn), newClock(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = below.Close() }()
	server := &tlsTransport{
		Conn:  tls.Server(netConn{below}, &tls.Config{Certificates: []tls.Certificate{pair}, DynamicRecordSizingDisabled: true}),
		below: below,
	}
	shaken := make(chan error, 1)
	go func() { shaken <- server.Handshake() }()
	s, err := secure(client, &tls.Config{ServerName: "a"})
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
		if _, err := io.ReadFull(s.in, make([]byte, size)); err != nil {
			t.Fatalf("reading %d bytes: %v", size, err)
		}
	}
	// What is told to be followed by more is kept, or the above would show nothing.
	if _, err := below.writeMore([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if n := unsent(t, below); n != 1 {
		t.Errorf("the kernel keeps %d bytes back, not the one", n)
	}
}

// unsent is how much was written and has not left (SIOCOUTQNSD of tcp(7)).
func unsent(t *testing.T, c *transport) (n int32) {
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
