// SPDX-License-Identifier: Apache-2.0

package proxy

import "runtime"

// The phases of a connection. Its goroutine leads it from one to the next; whoever drains closes one that has no
// request, a busy one ends by itself.
const (
	// phaseOpening lasts until the first wait for a request: over the PROXY header and the TLS handshake.
	phaseOpening int32 = iota
	phaseIdle
	phaseBusy
	// phaseWaking and phaseAwake are an idle connection's whose goroutine the watch wakes: while it is about to move the
	// deadline of the wait, and once it has.
	phaseWaking
	phaseAwake
	phaseClosed
)

// settledPhase returns the phase once nobody is about to change waking to awake.
func (c *conn) settledPhase() int32 {
	for {
		if phase := c.phase.Load(); phase != phaseWaking {
			return phase
		}
		runtime.Gosched() // the watch is between two lines
	}
}

// begin makes an idle connection busy, and says false where somebody has closed it.
func (c *conn) begin() bool {
	if c.phase.CompareAndSwap(phaseIdle, phaseBusy) {
		return true
	}
	if c.settledPhase() != phaseAwake || !c.phase.CompareAndSwap(phaseAwake, phaseBusy) {
		return false
	}
	c.transport.Restore()
	return true
}

// closeIdle closes the connection if no request is running on it, and one of HTTP/2 as soon as none is.
func (c *conn) closeIdle() {
	if s := c.session.Load(); s != nil {
		s.Drain()
		return
	}
	for {
		phase := c.settledPhase()
		if phase == phaseBusy || phase == phaseClosed {
			return
		}
		if c.phase.CompareAndSwap(phase, phaseClosed) {
			_ = c.transport.Close()
			return
		}
	}
}

// wake ends the wait of an idle connection's goroutine, which then leaves the connection to a new one. Where a
// request comes at the same time, that goes first. It says false where the connection is not idle.
func (c *conn) wake() bool {
	if !c.phase.CompareAndSwap(phaseIdle, phaseWaking) {
		return false
	}
	c.transport.Interrupt()
	c.phase.Store(phaseAwake)
	return true
}

// awoken says what a connection does whose wait for a request ended without one.
func (c *conn) awoken() step {
	if c.settledPhase() != phaseAwake {
		return closeNow
	}
	c.transport.Restore()
	c.Resume()
	if !c.phase.CompareAndSwap(phaseAwake, phaseIdle) {
		return closeNow
	}
	return goOn
}
