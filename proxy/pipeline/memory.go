// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/decide"
	"github.com/warren-dev/ingress/proxy/observe"
)

// memory is what an exchange keeps for its next use, besides what its decision keeps.
type memory struct {
	// tried are the endpoints that were chosen, the last one last.
	tried []*balance.Target
	// attempts are the same, for the record.
	attempts   []observe.Attempt
	sessionBuf []byte
}

// empty forgets what was in the memory, and gives back what is too large to keep.
func (m *memory) empty() {
	if cap(m.sessionBuf) > decide.KeptBytes {
		m.sessionBuf = nil
	}
	clear(m.tried)
	m.tried = m.tried[:0]
	clear(m.attempts)
	m.attempts = m.attempts[:0]
}
