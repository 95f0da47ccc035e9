// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/subrequest"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Sender sends copies, each in a goroutine of its own.
type Sender struct {
	// Memory is what all copies may take together. Those for the services of one namespace may take as much of it as is
	// free then, so that there is always something left for others.
	Memory  buffer.Memory
	clock   transport.Clock
	buffers *buffer.Pool
	logger  logr.Logger

	running sync.WaitGroup
	mu      sync.Mutex // guards what follows
	copies  map[*Copy]struct{}
	over    bool
}

// Init makes s ready, before any other use.
func (s *Sender) Init(clock transport.Clock, buffers *buffer.Pool, logger logr.Logger) {
	s.clock, s.buffers, s.logger, s.copies = clock, buffers, logger, make(map[*Copy]struct{})
}

// Shutdown ends the copies that are under way, and sends no more.
func (s *Sender) Shutdown() {
	s.mu.Lock()
	s.over = true
	for c := range s.copies {
		c.sent.End()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// begin sends a copy.
func (s *Sender) begin(c *Copy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		c.Drop()
		return
	}
	c.complete()
	s.copies[c] = struct{}{}
	s.running.Go(func() {
		defer func() {
			s.mu.Lock()
			delete(s.copies, c)
			s.mu.Unlock()
			c.Drop()
		}()
		c.to.Series.CountMirrored(c.send())
	})
}

// complete makes what is sent of the copy.
func (c *Copy) complete() {
	s := &c.sent
	s.Head, s.Content, s.LogsIn = c.Request, c.tee.WriteTo, c.LogsIn
	s.Head.ContentLength = int64(c.tee.Len())
	s.Read = func(up upstream.Exchange) bool { return subrequest.Drain(up, c.sender.buffers) }
	s.Host, s.Shard, s.Clock = c.host, c.shard, c.sender.clock
	s.Connect, s.Limited = c.to.Connect, c.to.MaxConnections > 0
}

// send sends the copy to one endpoint, and returns what became of it.
func (c *Copy) send() (m observe.Mirroring) {
	m = observe.MirrorFailed
	defer func() {
		if p := recover(); p != nil {
			c.sender.logger.Error(fmt.Errorf("%v", p), "panic while sending the copy of a request", "stack", string(debug.Stack()))
		}
	}()
	hold, full := c.to.Pool.Take(snapshot.RoundRobin, balance.Choice{Limit: int64(c.to.MaxConnections)})
	switch {
	case full:
		return observe.MirrorBusy
	case hold.Target == nil:
		return observe.MirrorUnavailable
	}
	defer hold.Release()
	c.sent.Within(c.to.Whole)
	defer c.sent.Stop()
	if c.sent.SendTo(&hold.Target.Endpoint) {
		return observe.MirrorAnswered
	}
	return observe.MirrorFailed
}
