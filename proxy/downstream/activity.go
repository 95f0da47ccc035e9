// SPDX-License-Identifier: Apache-2.0

package downstream

import "runtime"

// What a connection of HTTP/1.1 does. Its goroutine leads it from one to the next; whoever drains closes one that has no
// request, a busy one ends by itself.
const (
	activityIdle int32 = iota
	activityBusy
	// activityWaking and activityAwake are an idle connection's whose goroutine the watch wakes: while it is about to move
	// the deadline of the wait, and once it has.
	activityWaking
	activityAwake
	activityClosed
)

// settled returns what the connection does once nobody is about to change waking to awake.
func (c *http1Conn) settled() int32 {
	for {
		if now := c.activity.Load(); now != activityWaking {
			return now
		}
		runtime.Gosched() // the watch is between two lines
	}
}

// begin makes an idle connection busy, and says false where somebody has closed it.
func (c *http1Conn) begin() bool {
	if c.activity.CompareAndSwap(activityIdle, activityBusy) {
		return true
	}
	if c.settled() != activityAwake || !c.activity.CompareAndSwap(activityAwake, activityBusy) {
		return false
	}
	c.transport.Restore()
	return true
}

// CloseIdle implements Conn. A connection that a request runs on says with the response that it closes.
func (c *http1Conn) CloseIdle() {
	for {
		now := c.settled()
		if now == activityBusy || now == activityClosed {
			return
		}
		if c.activity.CompareAndSwap(now, activityClosed) {
			_ = c.transport.Close()
			return
		}
	}
}

// Rest ends the wait of an idle connection's goroutine, which then leaves the connection to a new one. Where a
// request comes at the same time, that goes first. It says false where the connection is not idle.
func (c *http1Conn) Rest() bool {
	if !c.activity.CompareAndSwap(activityIdle, activityWaking) {
		return false
	}
	c.transport.Interrupt()
	c.activity.Store(activityAwake)
	return true
}

// awoken says what a connection does whose wait for a request ended without one.
func (c *http1Conn) awoken() step {
	if c.settled() != activityAwake {
		return closeNow
	}
	c.transport.Restore()
	c.Resume()
	if !c.activity.CompareAndSwap(activityAwake, activityIdle) {
		return closeNow
	}
	return goOn
}
