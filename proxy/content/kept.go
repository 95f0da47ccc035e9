// SPDX-License-Identifier: Apache-2.0

package content

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// kept is the content of a request that was sent, while it may have to be sent again. An endpoint can say that it did
// nothing with a stream, whatever it got (RFC 9113, section 8.7), and one that is about to stop does. The upload adds
// to kept, and the exchange decides. It also holds what was read to find out how long the content is.
type kept struct {
	// keeping is set while it is whole.
	keeping atomic.Bool

	mu      sync.Mutex // guards what follows
	memory  buffer.Share
	buffers *buffer.Pool
	buf     []byte
	n       int
}

// keptMost bounds what is kept. Most calls of a single message fit. A longer request is sent once.
const keptMost = 64 << 10

// begin keeps what is sent from now on, as long as there is memory for it. Call it before the first byte is sent.
func (k *kept) begin(memory buffer.Share, buffers *buffer.Pool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.memory, k.buffers = memory, buffers
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
	case need > len(k.buf) && !k.growLocked(need):
		k.dropLocked()
		return
	}
	k.n += copy(k.buf[k.n:], content)
}

// take takes what of the upload's content is there, as far as there is room and memory. It waits for nothing.
func (k *kept) take(u *Upload, content message.Reader) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.n < keptMost && !content.Ended() && content.Buffered() {
		if k.n == len(k.buf) && !k.growLocked(min(max(buffer.Small, 2*k.n), keptMost)) {
			return nil
		}
		n, err := u.read(content, k.buf[k.n:])
		k.n += n
		if err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}

// growLocked makes room for need bytes in all. It returns false if there is no memory for that.
func (k *kept) growLocked(need int) bool {
	if !k.memory.Take(buffer.SizeOf(need)) {
		return false
	}
	grown := k.buffers.Get(need)
	copy(grown, k.buf[:k.n])
	k.freeLocked()
	k.buf = grown
	return true
}

func (k *kept) freeLocked() {
	if k.buf != nil {
		k.memory.Give(len(k.buf))
		k.buffers.Put(k.buf)
		k.buf = nil
	}
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
	k.freeLocked()
	k.n = 0
	k.keeping.Store(false)
}

// whole says whether it is all that was sent.
func (k *kept) whole() bool { return k.keeping.Load() }

// writeTo sends the content again. Nothing is added meanwhile.
func (k *kept) writeTo(w message.Writer) error { return message.Write(w, k.buf[:k.n]) }
