// SPDX-License-Identifier: Apache-2.0

package content

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Conversation is an exchange whose response began before its request ended. One side may be silent for any time while
// the other is not. Both may be silent for the idle time.
type Conversation struct {
	clock  transport.Clock
	guard  *guard.Guard
	number uint64
	idle   time.Duration
	// moved is when something last passed, by the clock.
	moved atomic.Int64

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	over  bool
}

// Converse stops timing the two directions apart while the upload runs: the exchange of that number, whose guard this
// is, times out only once both are silent for the idle time.
func (u *Upload) Converse(clock transport.Clock, g *guard.Guard, number uint64, idle time.Duration) *Conversation {
	c := &Conversation{clock: clock, guard: g, number: number, idle: idle}
	c.Note()
	c.mu.Lock()
	c.timer = time.AfterFunc(idle, c.look)
	c.mu.Unlock()
	u.conversation.Store(c)
	return c
}

// Note notes that something passes now. Without a conversation it does nothing.
func (c *Conversation) Note() {
	if c != nil {
		c.moved.Store(int64(c.clock.Now()))
	}
}

// look ends the exchange if nothing has passed for the idle time.
func (c *Conversation) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	if left := c.idle - (c.clock.Now() - time.Duration(c.moved.Load())); left > 0 {
		c.timer.Reset(left)
		return
	}
	c.guard.End(c.number, reason.UpstreamTimeout)
}

// End ends the conversation, if there is one.
func (c *Conversation) End() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.timer.Stop()
}
