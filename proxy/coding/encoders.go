// SPDX-License-Identifier: Apache-2.0

package coding

import (
	"sync"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// Encoders lends encoders to responses. Any goroutine may use it.
type Encoders struct {
	// Memory is what the encoders may take together that are lent.
	Memory buffer.Memory
	// Buffers lends memory for content that is not encoded yet.
	Buffers *buffer.Pool
	idle    [message.Codings]sync.Pool
}

// lent is an encoder with what it writes to.
type lent struct {
	encoder encoder
	sink    sink
	share   buffer.Share
	coding  message.Coding
	// tag is memory for a field of the head.
	tag []byte
}

// lend lends an encoder whose content ends up in a writer. It returns nil if the share has no memory for it.
func (e *Encoders) lend(in message.Coding, share buffer.Share, to message.Writer) *lent {
	if !share.Take(costs[in]) {
		return nil
	}
	l, ok := e.idle[in].Get().(*lent)
	if !ok {
		l = &lent{encoder: newEncoder(in), coding: in}
	}
	l.sink, l.share = sink{to: to}, share
	l.encoder.Reset(&l.sink)
	return l
}

func (e *Encoders) takeBack(l *lent) {
	l.share.Give(costs[l.coding])
	l.sink, l.share = sink{}, buffer.Share{}
	if cap(l.tag) > longestTag {
		l.tag = nil
	}
	e.idle[l.coding].Put(l)
}
