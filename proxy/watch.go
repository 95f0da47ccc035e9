// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
)

const (
	watchInterval  = 250 * time.Millisecond
	expireInterval = 5 * time.Second
	// restAfter is how many looks, one each watchInterval, a connection has to be idle for before it goes on with a new
	// goroutine. The stack that serving a request takes stays with a goroutine, and is four times what waiting takes. To
	// get it anew costs some microseconds, which is nothing after a second.
	restAfter = 4
)

// watched is what the watch remembers of a connection.
type watched struct {
	// exchange is the number of the one that it saw last, and looks how often it has seen no later one.
	exchange uint64
	looks    int
}

// Watch does what no request can do for itself, until ctx ends: it notices that a client went away while
// its request waits, closes upstream connections that have been idle for too long, probes what the snapshot checks,
// sets endpoints aside that fail and brings them back, and writes the access log.
func (p *Proxy) Watch(ctx context.Context) {
	if p.engine.Log != nil {
		written := make(chan struct{})
		defer func() { <-written }()
		go func() {
			defer close(written)
			p.engine.Log.Write(ctx, p.config.AccessLogWriter)
		}()
	}
	probed := make(chan struct{})
	defer func() { <-probed }()
	go func() {
		defer close(probed)
		p.prober.Run(ctx)
	}()
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	expired := p.engine.Clock.Now()
	var freed freed
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.engine.Ejector.Wake:
			p.engine.Ejector.Settle()
			continue
		case <-ticker.C:
		}
		now := p.engine.Clock.Now()
		woken := 0
		p.conns.each(func(c *conn) {
			if c.watch(now) {
				woken++
			}
		})
		p.dialer.Watch(now)
		if freed.due(woken, now) {
			debug.FreeOSMemory()
		}
		p.engine.Ejector.Restore(now)
		if now-expired >= expireInterval {
			expired = now
			p.mu.Lock()
			p.state.Expire(now)
			p.mu.Unlock()
		}
	}
}

const (
	// freeLeast is from how many stacks on, of 8 KiB each, their memory is given back to the system at once. The runtime
	// does so by itself, in minutes.
	freeLeast = 1000
	// freeInterval is the least time between two times: each takes a collection.
	freeInterval = time.Minute
)

// freed counts the stacks that were left since memory was given back.
type freed struct {
	stacks int
	at     time.Duration
}

// due says whether it is time to give memory back: many connections have come to rest, and no more did since the last
// look.
func (f *freed) due(woken int, now time.Duration) bool {
	f.stacks += woken
	if woken > 0 || f.stacks < freeLeast || f.at > 0 && now-f.at < freeInterval {
		return false
	}
	*f = freed{at: now}
	return true
}

// watch notices a client that went away, while its request waits or behind its last request. The latter may have come
// along with bytes that were read, and then nobody waits for it any more; one look per rest is enough to find it. It
// says whether it woke the connection's goroutine.
func (c *conn) watch(now time.Duration) (woken bool) {
	if s := c.session.Load(); s != nil {
		s.Watch(now)
		return false
	}
	exchange, since, waiting := c.guard.WaitingSince()
	w := &c.watched
	switch {
	case waiting:
		if now-since >= watchInterval && c.transport.Gone() {
			c.guard.End(exchange, reason.ClientClosed)
		}
		return false
	case exchange != w.exchange:
		*w = watched{exchange: exchange}
		return false
	case w.looks > restAfter || c.phase.Load() != phaseIdle:
		return false
	}
	w.looks++
	switch w.looks {
	case 1:
		if c.transport.Gone() {
			c.closeIdle()
		}
	case restAfter:
		return c.wake()
	}
	return false
}
