// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"crypto/sha256"
	"hash"
	"sync"
)

// Digest is what is hashed into a key: the SHA-256 of a text.
type Digest = [sha256.Size]byte

// hasher makes digests one after the other. [sha256.Sum256] allocates where a profile has the compiler inline other
// calls than it would without one.
type hasher struct {
	hash.Hash
	// room is for what is written: that would escape to the heap.
	room [256]byte
	sum  Digest
}

var hashers = sync.Pool{New: func() any { return &hasher{Hash: sha256.New()} }}

// DigestOf returns the digest of a text.
func DigestOf(text []byte) Digest {
	h := hashers.Get().(*hasher)
	h.Reset()
	h.write(text)
	d := h.take()
	hashers.Put(h)
	return d
}

func (h *hasher) write(text []byte) {
	for len(text) > 0 {
		n := copy(h.room[:], text)
		h.Write(h.room[:n])
		text = text[n:]
	}
	clear(h.room[:])
}

// take returns the digest of what was written.
func (h *hasher) take() Digest {
	h.Sum(h.sum[:0])
	d := h.sum
	h.sum = Digest{}
	return d
}
