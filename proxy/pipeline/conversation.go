// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// conversation is an exchange whose response began before its request ended. One side may be silent for any time while
// the other is not. Both may be silent for the idle time.
type conversation struct {
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

// converse stops timing the two directions apart if the response began before the request ended: the exchange then
// times out only once both are silent for the idle time, 0 for never. It returns nil if there is nothing to time, or if
// the client's protocol cannot lift the limit on the request's content.
func (x *Exchange) converse(up upstream.Exchange, idle time.Duration) *conversation {
	if x.boundWaits(up) || !x.down.RestContent() || idle == 0 {
		return nil
	}
	c := &conversation{clock: x.engine.Clock, guard: x.guard, number: x.number, idle: idle}
	c.note()
	c.mu.Lock()
	c.timer = time.AfterFunc(idle, c.look)
	c.mu.Unlock()
	x.upload.conversation.Store(c)
	return c
}

// note notes that something passes now. Without a conversation it does nothing.
func (c *conversation) note() {
	if c != nil {
		c.moved.Store(int64(c.clock.Now()))
	}
}

// look ends the exchange if nothing has passed for the idle time.
func (c *conversation) look() {
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

func (c *conversation) end() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.timer.Stop()
}
