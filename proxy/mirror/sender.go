// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Sender sends copies, each in a goroutine of its own.
type Sender struct {
	// Memory is what all copies may take together. Those for the services of one namespace may take as much of it as is
	// free then, so that there is always something left for others.
	Memory  content.Memory
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
		c.guard.Shut(reason.NoHealthyTask) // which one makes no difference
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

// send sends the copy to one endpoint, and returns what became of it.
func (c *Copy) send() (m observe.Mirroring) {
	m = observe.MirrorFailed
	defer func() {
		if p := recover(); p != nil {
			c.sender.logger.Error(fmt.Errorf("%v", p), "panic while sending the copy of a request", "stack", string(debug.Stack()))
		}
	}()
	c.Request.ContentLength = int64(c.tee.Len())
	hold, full := c.to.Pool.Take(snapshot.RoundRobin, balance.Choice{Limit: int64(c.to.MaxConnections)})
	switch {
	case full:
		return observe.MirrorBusy
	case hold.Target == nil:
		return observe.MirrorUnavailable
	}
	defer hold.Release()
	c.number = c.guard.Begin()
	timer := time.AfterFunc(c.to.Whole, func() { c.guard.End(c.number, reason.UpstreamRequestTimeout) })
	defer timer.Stop()
	e := &hold.Target.Endpoint
	if e.Follows() {
		e = e.For(c.host)
		defer e.Leave()
	}
	if c.sendTo(e) {
		return observe.MirrorAnswered
	}
	return observe.MirrorFailed
}

// sendTo says whether an endpoint answered the copy. If an idle connection turns out to have ended, and the request
// does no harm twice, it goes out on a new one.
func (c *Copy) sendTo(e *upstream.Endpoint) bool {
	d := upstream.Demand{
		Timeout: c.to.Connect, Sole: c.LogsIn, Stream: &c.stream, Shard: c.shard, Now: c.sender.clock.Now(),
		Once: c.Request.HasContent() || !c.Request.Idempotent(), Limited: c.to.MaxConnections > 0,
	}
	if up := e.Take(d); up != nil {
		answered, again := c.exchange(up)
		if answered || !again {
			return answered
		}
	}
	up := c.dial(e, d)
	if up == nil {
		return false
	}
	answered, _ := c.exchange(up)
	return answered
}

// dial returns a new connection, or nil.
func (c *Copy) dial(e *upstream.Endpoint, d upstream.Demand) upstream.Exchange {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !c.guard.Arm(guard.Func(cancel), c.sender.clock.Now()) {
		return nil
	}
	up, err := e.Dial(ctx, d)
	ended := c.guard.Disarm() != reason.None
	switch {
	case err != nil:
		return nil
	case ended:
		c.leave(up)
		return nil
	}
	return up
}

// exchange sends the copy on a connection and drops the answer. again is set if it may be sent on another one.
func (c *Copy) exchange(up upstream.Exchange) (answered, again bool) {
	sole := up.Sole()
	if sole != nil && c.LogsIn {
		sole.Claim(nil) // nobody else's copy may come to where this one logged in
	}
	up.StallAfter(0) // the guard bounds the whole
	up.StallWritesAfter(0)
	if !c.guard.Arm(up, c.sender.clock.Now()) {
		c.leave(up)
		return false, false
	}
	answered, whole := c.converse(up)
	ended := c.guard.Disarm() != reason.None
	if answered && whole && !ended {
		up.EndExchange(true, c.shard, c.sender.clock.Now())
		return true, false
	}
	again = !ended && !answered && up.Reused() && !up.Answering() && (!up.Sent() || c.Request.Idempotent())
	c.leave(up)
	return answered, again
}

// converse sends the request and reads the answer. whole says whether that was read to its end, so that the
// connection can go on.
func (c *Copy) converse(up upstream.Exchange) (answered, whole bool) {
	up.WriteHead(&c.Request)
	sent := c.tee.WriteTo(up.Request())
	if sent == nil {
		sent = up.Request().End(nil)
	}
	if err := upstream.ReadFinal(up, c.Request.Method); err != nil { // it may refuse a request that it did not take
		return false, false
	}
	sole := up.Sole()
	if sole != nil && sole.Reused() && !c.Request.HasContent() && sole.Unheard() {
		return false, false // It was sent before the request had arrived, so it is not the answer, which is still to come.
	}
	if sole != nil && upstream.AsksForLogin(up.Response()) {
		sole.Claim(nil)
	}
	up.ReleaseHead()
	return true, sent == nil && up.Response().Status != 101 && c.drain(up.Content())
}

// drained bounds what is read of an answer's content to keep a connection. It costs less to make another one than to
// read more.
const drained = 256 << 10

// drain reads an answer's content and says whether it was read to its end.
func (c *Copy) drain(r message.Reader) bool {
	if r.Ended() {
		return true
	}
	buf := c.sender.buffers.Get(buffer.Small)
	defer c.sender.buffers.Put(buf)
	for left := drained; left > 0 && !r.Ended(); {
		n, err := r.Read(buf)
		if err != nil && err != io.EOF {
			return false
		}
		left -= n
	}
	return r.Ended()
}

// leave closes a connection that is of no more use.
func (c *Copy) leave(up upstream.Exchange) {
	_ = up.Close()
	up.EndExchange(false, c.shard, c.sender.clock.Now())
}
