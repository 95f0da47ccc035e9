// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"crypto/tls"
	"io"
	"testing"
)

// Both ends agree whatever the server keeps. If this fails with another version of Go, crypto/tls keeps its keys
// elsewhere. Both ends are Go's, which choose the suite of 128 bits where the processor has AES.
func TestTLSGoesOnWithBareKeys(t *testing.T) {
	t.Parallel()
	seen := make(map[uint16]bool)
	for range 3 {
		server, client := parkedPair(t, 1<<20)
		seen[client.ConnectionState().CipherSuite] = true
		go func() { _, _ = io.Copy(client, client) }()
		for i := range 5 {
			if !keepKeys(server.Conn) {
				t.Fatal("the keys were not found")
			}
			for _, h := range tlsHalves {
				used, _ := h.of(server.Conn)
				if k, ok := (*used).(*bareKey); !ok || k.made != nil {
					t.Fatalf("a half still has %T", *used)
				}
			}
			sent := bytes.Repeat([]byte{byte(i)}, 1+i*20_000)
			if _, err := server.Write(sent); err != nil {
				t.Fatal(err)
			}
			have := make([]byte, len(sent))
			if _, err := io.ReadFull(server, have); err != nil || !bytes.Equal(have, sent) {
				t.Fatalf("round %d: %v", i, err)
			}
		}
	}
	if !seen[tls.TLS_AES_128_GCM_SHA256] {
		t.Errorf("the suites were %v", seen)
	}
}

// A secret of the other suite gives a key of the other length.
func TestBareKeyIsThatOfItsSecret(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]uint8{32: 16, 48: 32} {
		k := newBareKey(make([]byte, size))
		if k == nil || k.size != want {
			t.Fatalf("a secret of %d bytes gives %v", size, k)
		}
		nonce := make([]byte, gcmNonce)
		sealed := k.Seal(nil, nonce, []byte("text"), nil)
		k.made = nil
		if text, err := k.Open(nil, nonce, sealed, nil); err != nil || string(text) != "text" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if newBareKey(make([]byte, 20)) != nil {
		t.Error("no suite has a secret of 20 bytes")
	}
}

// A cipher that has another key than the one that was derived stays.
func TestForeignCipherStays(t *testing.T) {
	t.Parallel()
	server, _ := parkedPair(t, 1<<20)
	used, _ := tlsHalves[0].of(server.Conn)
	before := *used
	if keepKey(used, make([]byte, 32)) || *used != before {
		t.Error("a cipher was replaced by one with another key")
	}
}
