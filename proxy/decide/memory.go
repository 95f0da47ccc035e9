// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/script/machine"
)

// Memory is what a decision keeps for its next use: lists and buffers that have grown, without what was in them.
type Memory struct {
	// Head is the request's.
	Head message.Request
	// Own is an answer of our own.
	Own message.Response

	hostBuf, pathBuf, queryBuf, rewriteBuf, forwardedBuf, cookieBuf, forwardsBuf, originBuf []byte

	TokenBuf balance.TokenBuffer
	// script is nil until a script has run.
	script *machine.State
}

// empty forgets what was in the memory, and gives back what is too large to keep.
func (m *Memory) empty() {
	for _, buf := range [...]*[]byte{&m.hostBuf, &m.pathBuf, &m.queryBuf, &m.rewriteBuf, &m.forwardedBuf, &m.cookieBuf, &m.forwardsBuf, &m.originBuf} {
		if cap(*buf) > KeptBytes {
			*buf = nil
		}
	}
	if cap(m.Head.Fields) > KeptFields {
		m.Head.Fields = nil
	}
	m.forwardsBuf = m.forwardsBuf[:0]
	clear(m.TokenBuf[:])
	if m.script != nil {
		m.script.Empty(KeptBytes)
	}
	m.Head.Reset()
	m.Own.Reset()
}

// Memory is kept for KeptFields fields, and KeptBytes of each buffer. A rare long path is no reason to keep its
// memory.
const (
	KeptFields = 64
	KeptBytes  = 4 << 10
)
