// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/warren-dev/ingress/proxy/downstream"
)

const (
	watchInterval  = 250 * time.Millisecond
	expireInterval = 5 * time.Second
)

// Watch does what no request can do for itself, until ctx ends. It notices that a client went away while its request
// waits. It closes upstream connections that have been idle for too long. It probes what the snapshot checks. It sets
// aside endpoints that fail, and brings them back. It notices servers that do not answer on connections that requests
// share. It gives back memory after many connections came to rest. It tries
// again to open listeners that could not be opened. It writes the access log.
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
		rested := 0
		p.server.Each(func(c downstream.Conn) {
			if c.Watch(now) {
				rested++
			}
		})
		p.dialer.Watch(now)
		if freed.due(rested, now) {
			runtime.GC() // Otherwise the pools keep what they lent until the next collection.
			debug.FreeOSMemory()
		}
		p.engine.Ejector.Restore(now)
		if now-expired >= expireInterval {
			expired = now
			p.mu.Lock()
			p.state.Expire(now)
			p.listen() // again what could not be opened
			p.mu.Unlock()
		}
	}
}

const (
	// freeLeast is the number of connections that came to rest, of 8 KiB of stack each, from which on their memory is
	// given back to the system at once. The runtime does so by itself, but in minutes.
	freeLeast = 1000
	// freeInterval is the least time between two such times. Each costs two collections.
	freeInterval = time.Minute
)

// freed counts the stacks that were left since memory was last given back.
type freed struct {
	stacks int
	at     time.Duration
}

// due says whether it is time to give memory back: many connections have come to rest, but none since the last look.
func (f *freed) due(rested int, now time.Duration) bool {
	f.stacks += rested
	if rested > 0 || f.stacks < freeLeast || f.at > 0 && now-f.at < freeInterval {
		return false
	}
	*f = freed{at: now}
	return true
}
