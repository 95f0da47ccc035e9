// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// However the records of a client arrive, a parked connection gets all bytes of all of them, in their order, and then
// the end.
func TestParkedTLSGetsAllRecords(t *testing.T) {
	t.Parallel()
	sizes := []int{1, 2, 100, 1, 1, 4 << 10, maxRecord, 3*maxRecord + 1, 1, 40}
	for name, piece := range map[string]int{"together": 1 << 20, "in halves of headers": 3, "in segments": 1000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client := parkedPair(t, piece)
			var want []byte
			go func() {
				for i, size := range sizes {
					if _, err := client.Write(bytes.Repeat([]byte{byte('a' + i)}, size)); err != nil {
						return
					}
				}
				_ = client.Close()
			}()
			for i, size := range sizes {
				want = append(want, bytes.Repeat([]byte{byte('a' + i)}, size)...)
			}
			var pool buffer.Pool
			var have []byte
			err := server.ReadParked(&pool, buffer.Small, func(buf []byte, n int) bool {
				have = append(have, buf[:n]...)
				pool.Put(buf)
				return true
			})
			if !errors.Is(err, io.EOF) || !bytes.Equal(have, want) {
				t.Errorf("%d bytes of %d, then %v", len(have), len(want), err)
			}
		})
	}
}

// What comes after a parked connection was left is read by whoever reads next, parked or not.
func TestLeavingAParkedTLSLosesNothing(t *testing.T) {
	t.Parallel()
	server, client := parkedPair(t, 1<<20)
	sent := []byte("one record, a second one and a third one")
	go func() {
		for _, record := range [][]byte{sent[:10], sent[10:25], sent[25:]} {
			_, _ = client.Write(record)
		}
	}()
	var pool buffer.Pool
	var have []byte
	for len(have) < len(sent) {
		if err := server.ReadParked(&pool, buffer.Small, func(buf []byte, n int) bool {
			have = append(have, buf[:n]...)
			return false
		}); err != nil {
			t.Fatal(err)
		}
		rest := make([]byte, 4)
		if len(have) == len(sent) {
			break
		}
		n, err := server.Read(rest)
		if err != nil {
			t.Fatal(err)
		}
		have = append(have, rest[:n]...)
	}
	if !bytes.Equal(have, sent) {
		t.Errorf("%q", have)
	}
}

// A read that filled its buffer may have the last content, and the next one what ends the connection alone. Nothing
// arrives after that, so nobody may wait for it.
func TestParkedTLSSeesAnEndBehindAFullRead(t *testing.T) {
	t.Parallel()
	const shortest = 5 + 1 + 1 + 16 // a record of one byte: its header, the byte, its kind and its seal
	var pool buffer.Pool
	together := func(write func(client *tls.Conn)) *TLS {
		server, client := parkedPair(t, 1<<20)
		wire := client.NetConn().(*pieces)
		dialed, kept := wire.Conn, &keptWrites{}
		wire.Conn = kept
		write(client)
		if _, err := dialed.Write(kept.Bytes()); err != nil {
			t.Fatal(err)
		}
		server.StallAfter(time.Second)
		return server
	}
	probed := together(func(client *tls.Conn) {
		for range 1000 {
			_, _ = client.Write([]byte("x"))
		}
	})
	room := 0 // how much the first read takes
	if err := probed.ReadParked(&pool, buffer.Small, func([]byte, int) bool {
		tail := probed.tail
		if room = shortest*tail.completed + tail.had; tail.left > 0 {
			room += shortest - tail.left
		}
		return false
	}); err != nil || probed.below.within.dry {
		t.Fatalf("the first read did not fill its buffer, or failed: %v", err)
	}
	// A longer record takes one round, and two short ones take one: the last of an odd number is left to a round of its
	// own.
	short := room/shortest - 2
	short -= 1 - short%2
	server := together(func(client *tls.Conn) {
		_, _ = client.Write(make([]byte, 1+room-(short+1)*shortest))
		for range short {
			_, _ = client.Write([]byte("x"))
		}
		_ = client.CloseWrite()
	})
	err := server.ReadParked(&pool, buffer.Small, func(buf []byte, _ int) bool {
		pool.Put(buf)
		return true
	})
	if !errors.Is(err, io.EOF) {
		t.Errorf("with reads of %d bytes it ended with %v, want EOF", room, err)
	}
}

// keptWrites is a connection that keeps what is written.
type keptWrites struct {
	net.Conn
	bytes.Buffer
}

func (k *keptWrites) Read(p []byte) (int, error)       { return k.Conn.Read(p) }
func (k *keptWrites) Write(p []byte) (int, error)      { return k.Buffer.Write(p) }
func (k *keptWrites) SetWriteDeadline(time.Time) error { return nil }

// A record that comes byte by byte has a time of its own, that its bytes do not begin anew.
func TestParkedTLSBoundsARecord(t *testing.T) {
	t.Parallel()
	server, client := parkedPair(t, 1)
	server.StallAfter(time.Minute)
	server.BoundRecords(50 * time.Millisecond)
	go func() {
		for {
			// One record is 23 bytes, in as many writes.
			if _, err := client.Write([]byte("x")); err != nil {
				return
			}
		}
	}()
	client.NetConn().(*pieces).pause.Store(int64(20 * time.Millisecond))
	var pool buffer.Pool
	err := server.ReadParked(&pool, buffer.Small, func([]byte, int) bool { return true })
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
}

// parkedPair returns a TLS connection of a server, and its client, who sends pieces of that length.
func parkedPair(t *testing.T, piece int) (*TLS, *tls.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	dialed, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	below, err := NewTCP(accepted.(*net.TCPConn), NewClock(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	client := tls.Client(&pieces{Conn: dialed, size: piece}, &tls.Config{InsecureSkipVerify: true})
	t.Cleanup(func() {
		_ = dialed.Close()
		_ = below.Close()
	})
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake() }()
	server, err := SecureServer(t.Context(), below, &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return server, client
}
