// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"io"
	"testing"
)

// If this fails with another version of Go, crypto/tls keeps its buffers elsewhere.
func TestBuffersOfTLSAreFound(t *testing.T) {
	t.Parallel()
	if !tlsRawInput.found || !tlsInput.found || !tlsHand.found {
		t.Error("crypto/tls has other fields")
	}
}

func TestTLSGoesOnWithoutItsBuffers(t *testing.T) {
	t.Parallel()
	server, client := parkedPair(t, 1<<20)
	go func() { _, _ = io.Copy(client, client) }()
	for range 3 {
		if _, err := server.Write(make([]byte, maxRecord)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(server, make([]byte, maxRecord)); err != nil {
			t.Fatal(err)
		}
		raw := tlsRawInput.of(server.Conn)
		if raw.Cap() == 0 {
			t.Fatal("there is no buffer to drop")
		}
		if dropBuffers(server.Conn); raw.Cap() > 0 {
			t.Errorf("it still has %d bytes", raw.Cap())
		}
	}
}

// What came and was not read is kept.
func TestFilledBuffersOfTLSAreKept(t *testing.T) {
	t.Parallel()
	server, client := parkedPair(t, 1<<20)
	sent := []byte("some text")
	if _, err := client.Write(sent); err != nil {
		t.Fatal(err)
	}
	have := make([]byte, len(sent))
	if _, err := io.ReadFull(server, have[:4]); err != nil {
		t.Fatal(err)
	}
	dropBuffers(server.Conn)
	if _, err := io.ReadFull(server, have[4:]); err != nil || string(have) != string(sent) {
		t.Errorf("%q, %v", have, err)
	}
}
