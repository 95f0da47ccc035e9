// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/script"
)

// memory is what an exchange keeps for its next use: lists and buffers that have grown, without what was in them.
type memory struct {
	request message.Request
	// own is an answer of our own.
	own message.Response
	// tried are the endpoints that were chosen, the last one last.
	tried []*balance.Target
	// attempts are the same, for the record.
	attempts []observe.Attempt

	hostBuf, pathBuf, queryBuf, rewriteBuf, forwardedBuf, cookieBuf, forwardsBuf, originBuf, sessionBuf []byte

	tokenBuf balance.TokenBuffer
	// script is nil until a script has run.
	script *script.State
}

// empty forgets what was in the memory, and gives back what is too large to keep.
func (m *memory) empty() {
	for _, buf := range [...]*[]byte{&m.hostBuf, &m.pathBuf, &m.queryBuf, &m.rewriteBuf, &m.forwardedBuf, &m.cookieBuf, &m.forwardsBuf, &m.originBuf, &m.sessionBuf} {
		if cap(*buf) > keptBytes {
			*buf = nil
		}
	}
	if cap(m.request.Fields) > keptFields {
		m.request.Fields = nil
	}
	m.forwardsBuf = m.forwardsBuf[:0]
	clear(m.tried)
	m.tried = m.tried[:0]
	clear(m.attempts)
	m.attempts = m.attempts[:0]
	clear(m.tokenBuf[:])
	if m.script != nil {
		m.script.Empty(keptBytes)
	}
	m.request.Reset()
	m.own.Reset()
}

// An exchange keeps memory for keptFields fields, and keptBytes of each buffer. A rare long path is no reason to keep
// its memory.
const (
	keptFields = 64
	keptBytes  = 4 << 10
)
