// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"sync"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// kept is the content of a request that was sent, while it may have to be sent again. An endpoint can say that it did
// nothing with a stream, whatever it got (RFC 9113, section 8.7), and one that is about to stop does. The upload adds
// to kept, and the exchange decides.
type kept struct {
	// keeping is set while it is whole.
	keeping atomic.Bool

	mu      sync.Mutex // guards what follows
	buffers *buffer.Pool
	buf     []byte
	n       int
}

// keptMost bounds what is kept. Most calls of a single message fit. A longer request is sent once.
const keptMost = 64 << 10

// begin keeps what is sent from now on. Call it before the first byte is sent.
func (k *kept) begin(buffers *buffer.Pool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.buffers = buffers
	k.keeping.Store(true)
}

func (k *kept) add(content []byte) {
	if !k.keeping.Load() {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch need := k.n + len(content); {
	case !k.keeping.Load():
		return
	case need > keptMost:
		k.dropLocked()
		return
	case need > len(k.buf):
		grown := k.buffers.Get(need)
		copy(grown, k.buf[:k.n])
		if k.buf != nil {
			k.buffers.Put(k.buf)
		}
		k.buf = grown
	}
	k.n += copy(k.buf[k.n:], content)
}

// drop forgets the content.
func (k *kept) drop() {
	if !k.keeping.Load() {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropLocked()
}

func (k *kept) dropLocked() {
	if k.buf != nil {
		k.buffers.Put(k.buf)
	}
	k.buf, k.n = nil, 0
	k.keeping.Store(false)
}

// whole says whether it is all that was sent.
func (k *kept) whole() bool { return k.keeping.Load() }

// writeTo sends the content again. Nothing is added meanwhile.
func (k *kept) writeTo(w message.Writer) error { return message.Write(w, k.buf[:k.n]) }
