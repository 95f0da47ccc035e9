// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"sync"
	"sync/atomic"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Client is what all services have in common.
type Client struct {
	// Kept bounds the verdicts that are kept for all routes together, in bytes. 0 is [DefaultKept].
	Kept int64

	clock   transport.Clock
	buffers *buffer.Pool
	ejector *balance.Ejector
	logger  logr.Logger
	// pool returns the pool of an id that is there now, or nil.
	pool func(id string) *balance.Pool
	// kept is what the verdicts take that are kept.
	kept atomic.Int64
	// stores are where they are. swept is when those were forgotten last whose time was over. Both are storing's.
	storing sync.Mutex
	stores  map[*store]struct{}
	swept   atomic.Int64
	asks    sync.Pool
}

// DefaultKept is what the verdicts that are kept may take of memory, in bytes.
const DefaultKept = 32 << 20

// Init makes c ready, before any other use. now returns the pool of an id that is there now, or nil.
func (c *Client) Init(clock transport.Clock, buffers *buffer.Pool, ejector *balance.Ejector, now func(id string) *balance.Pool, logger logr.Logger) {
	c.clock, c.buffers, c.ejector, c.pool, c.logger = clock, buffers, ejector, now, logger
	c.Kept = DefaultKept
}

// begin returns an ask of a service.
func (c *Client) begin(s *Service) *ask {
	a, ok := c.asks.Get().(*ask)
	if !ok {
		a = newAsk()
	}
	a.service = s
	return a
}

// end takes an ask back. One that could still be ended is nobody's any more.
func (c *Client) end(a *ask) {
	if !a.spoiled {
		a.empty()
		c.asks.Put(a)
	}
}
