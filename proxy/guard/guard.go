// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"io"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
)

// Guard lets others end what an exchange waits for: the watch when the client went away, a timer when the time is up,
// the drain when it waits no longer. The exchange arms the guard with what to close before it waits. It disarms it
// before the connection is handed on.
type Guard struct {
	mu sync.Mutex
	// waitsFor is closed to end the wait. Nil while nothing waits.
	waitsFor io.Closer
	since    time.Duration
	// exchange numbers the exchanges, so that a late timer ends no later exchange.
	number uint64
	// cause is why the exchange was ended, or None.
	cause reason.Reason
	// over is set once all later exchanges are ended too.
	over bool
	// uploading and free are what Waiting says of the exchange.
	uploading, free bool
}

// Waiting is an exchange that waits.
type Waiting struct {
	Number uint64
	Since  time.Duration
	// Uploading is set while the client's content is on its way to the endpoint.
	Uploading bool
	// Free is set if there is no least rate for the client.
	Free bool
}

// Begin starts a new exchange and returns its number.
func (g *Guard) Begin() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number++
	g.uploading, g.free = false, false
	if !g.over {
		g.cause = reason.None
	}
	return g.number
}

// Renew makes the guard ready for another owner's exchanges, after Shut.
func (g *Guard) Renew() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over, g.cause = false, reason.None
}

// Arm names what to close. It returns false if the exchange was ended already.
func (g *Guard) Arm(c io.Closer, now time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cause != reason.None {
		return false
	}
	g.waitsFor, g.since = c, now
	return true
}

// Disarm ends the wait and returns why the exchange was ended, or None.
func (g *Guard) Disarm() reason.Reason {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waitsFor = nil
	return g.cause
}

// End ends the exchange of that number, if it still runs.
func (g *Guard) End(number uint64, cause reason.Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.number == number {
		g.endLocked(cause)
	}
}

// Shut ends the exchange that runs, and every later one when it begins.
func (g *Guard) Shut(cause reason.Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	g.endLocked(cause)
}

func (g *Guard) endLocked(cause reason.Reason) {
	if g.cause != reason.None {
		return
	}
	g.cause = cause
	if g.waitsFor != nil {
		_ = g.waitsFor.Close()
	}
}

// Waiting returns the running exchange and what it waits for. ok is false if nothing waits.
func (g *Guard) Waiting() (w Waiting, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Waiting{g.number, g.since, g.uploading, g.free}, g.waitsFor != nil && g.cause == reason.None
}

// Uploading notes whether content of the exchange of that number is on its way.
func (g *Guard) Uploading(number uint64, on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.number == number {
		g.uploading = on
	}
}

// LiftRate lifts the least rate for the running exchange.
func (g *Guard) LiftRate() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.free = true
}

// Rest waits for d, or until the exchange is ended. It returns why it was ended, or None.
func (g *Guard) Rest(d, now time.Duration) reason.Reason {
	ended := make(chan struct{})
	if !g.Arm(Func(func() { close(ended) }), now) {
		return g.Disarm()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ended:
	}
	return g.Disarm()
}

// Func is what to arm a guard with if calling a function ends the wait.
type Func func()

// Close calls the function.
func (f Func) Close() error { f(); return nil }
