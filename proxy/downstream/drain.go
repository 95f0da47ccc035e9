// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"context"
	"fmt"
	"time"
)

// Announce asks clients to send further requests elsewhere, from now on.
func (s *Server) Announce() {
	s.draining.Store(true)
	s.mu.Lock()
	for l := range s.listeners {
		l.draining.Store(true)
	}
	s.mu.Unlock()
	s.conns.each(Conn.Announce)
}

// Drain announces the end at once. Listeners stay open for the drain delay. Then it closes idle connections, and
// running requests have the drain timeout to end. If ctx ends, it waits no longer. It returns nil if all ended, or an
// error that says how many did not.
func (s *Server) Drain(ctx context.Context) error {
	s.Announce()
	wait(ctx, s.config.DrainDelay)
	s.mu.Lock()
	s.closing = true
	for l := range s.listeners {
		l.closing.Store(true)
		_ = l.Close()
	}
	s.mu.Unlock()
	s.conns.each(Conn.CloseIdle)
	done := make(chan struct{})
	go func() {
		s.serving.Wait()
		s.parking.close()
		close(done)
	}()
	timer := time.NewTimer(s.config.DrainTimeout)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	left := 0
	s.conns.each(func(c Conn) {
		left++
		c.Abort()
	})
	<-done
	return fmt.Errorf("draining: %d connections were still busy and were closed", left)
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
