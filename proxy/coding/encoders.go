// SPDX-License-Identifier: Apache-2.0

package coding

import (
	"sync"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// Encoders lends encoders to responses. Any goroutine may use it.
type Encoders struct {
	// Limit bounds the memory of the encoders that are lent, in bytes.
	Limit int64
	// Buffers lends memory for content that is not encoded yet.
	Buffers *buffer.Pool
	taken   atomic.Int64
	idle    [message.Codings]sync.Pool
}

// lent is an encoder with what it writes to.
type lent struct {
	encoder encoder
	sink    sink
	coding  message.Coding
	// tag is memory for a field of the head.
	tag []byte
}

// Taken returns how much memory the encoders take that are lent, in bytes.
func (e *Encoders) Taken() int64 { return e.taken.Load() }

// lend lends an encoder whose content ends up in a writer. It returns nil if there is no memory for it.
func (e *Encoders) lend(in message.Coding, to message.Writer) *lent {
	if e.taken.Add(costs[in]) > e.Limit {
		e.taken.Add(-costs[in])
		return nil
	}
	l, ok := e.idle[in].Get().(*lent)
	if !ok {
		l = &lent{encoder: newEncoder(in), coding: in}
	}
	l.sink = sink{to: to}
	l.encoder.Reset(&l.sink)
	return l
}

func (e *Encoders) takeBack(l *lent) {
	l.sink = sink{}
	if cap(l.tag) > longestTag {
		l.tag = nil
	}
	e.taken.Add(-costs[l.coding])
	e.idle[l.coding].Put(l)
}
