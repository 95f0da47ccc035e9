package proxy

import (
	"context"
	"time"
)

const (
	watchInterval  = 250 * time.Millisecond
	expireInterval = 5 * time.Second
	// restAfter is how many looks, one each watchInterval, a connection has to be idle for before it goes on with a new goroutine. The
	// stack that serving a request takes stays with a goroutine, and is four times what waiting takes. To get it anew costs
	// some microseconds, which is nothing after a second.
	restAfter = 4
)

// watched is what the watch remembers of a connection.
type watched struct {
	// exchange is the number of the one that it saw last, and looks how often it has seen no later one.
	exchange uint64
	looks    int
}

// Watch does what no request can do for itself, until ctx ends: it notices that a client went away while
// its request waits, closes upstream connections that have been idle for too long, and writes the access log.
func (p *Proxy) Watch(ctx context.Context) {
	if p.log != nil {
		written := make(chan struct{})
		defer func() { <-written }()
		go func() {
			defer close(written)
			p.log.write(ctx, p.config.AccessLogWriter)
		}()
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	expired := p.clock.now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := p.clock.now()
		p.conns.each(func(c *conn) { c.watch(now) })
		if now-expired >= expireInterval {
			expired = now
			p.mu.Lock()
			for _, e := range p.state.endpoints {
				e.expire(now)
			}
			p.mu.Unlock()
		}
	}
}

// watch notices a client that went away, while its request waits or behind its last request. The latter may have come
// along with bytes that were read, and then nobody waits for it any more; one look per rest is enough to find it.
func (c *conn) watch(now time.Duration) {
	exchange, since, waiting := c.guard.waitingSince()
	w := &c.watched
	switch {
	case waiting:
		if now-since >= watchInterval && c.transport.gone() {
			c.guard.end(exchange, ClientClosed)
		}
		return
	case exchange != w.exchange:
		*w = watched{exchange: exchange}
		return
	case w.looks > restAfter || c.phase.Load() != phaseIdle:
		return
	}
	w.looks++
	switch w.looks {
	case 1:
		if c.transport.gone() {
			c.closeIdle()
		}
	case restAfter:
		c.wake()
	}
}
