// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
)

// guard lets others end what an exchange waits for: the watch when the client went away, a timer when the time is
// up, the drain when its patience is. The exchange arms it with what to close before it waits, and disarms it before
// the connection is handed on.
type guard struct {
	mu sync.Mutex
	// waitsFor is closed to end the wait; nil while there is none.
	waitsFor io.Closer
	since    time.Duration
	// exchange counts the exchanges, so that a timer that fires late ends nobody else's.
	exchange uint64
	// cause is why the exchange was ended, or None.
	cause reason.Reason
	// over is set once all later exchanges are ended too.
	over bool
}

// begin starts a new exchange and returns its number.
func (g *guard) begin() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.exchange++
	if !g.over {
		g.cause = reason.None
	}
	return g.exchange
}

// renew makes the guard ready for another owner's exchanges, after the last one was shut.
func (g *guard) renew() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over, g.cause = false, reason.None
}

// arm names what to close. It says false where the exchange was ended already.
func (g *guard) arm(c io.Closer, now time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cause != reason.None {
		return false
	}
	g.waitsFor, g.since = c, now
	return true
}

// disarm ends the wait and returns why the exchange was ended, or None.
func (g *guard) disarm() reason.Reason {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waitsFor = nil
	return g.cause
}

// end ends the exchange of that number, if it still runs.
func (g *guard) end(exchange uint64, cause reason.Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.exchange == exchange {
		g.endLocked(cause)
	}
}

// shut ends the exchange that runs, and every later one as it begins.
func (g *guard) shut(cause reason.Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	g.endLocked(cause)
}

func (g *guard) endLocked(cause reason.Reason) {
	if g.cause != reason.None {
		return
	}
	g.cause = cause
	if g.waitsFor != nil {
		_ = g.waitsFor.Close()
	}
}

// waitingSince returns the running exchange and when it began to wait, or ok false.
func (g *guard) waitingSince() (exchange uint64, since time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.exchange, g.since, g.waitsFor != nil && g.cause == reason.None
}
