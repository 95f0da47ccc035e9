// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"runtime"
	"time"
)

// These say what a connection of HTTP/1.1 does. Its goroutine leads it from one to the next. A drain closes a
// connection without a request. A busy one ends by itself.
const (
	activityIdle int32 = iota
	activityBusy
	// activityReading is that of a connection whose request has begun to come. A drain waits for the request, but the
	// connection may give way to another one.
	activityReading
	// activityWaking and activityAwake are for an idle connection when the watch wakes its goroutine. The watch is about
	// to move the deadline of the wait, or has moved it.
	activityWaking
	activityAwake
	// activityDropping is that of a connection that drops the rest of a request's content after the response.
	activityDropping
	activityClosed
	// activityRefused is that of a connection beyond the limit. No request runs on it, and a drain closes it at once.
	activityRefused
)

// settled returns what the connection does. While the watch changes waking to awake, it waits for that.
func (c *http1Conn) settled() int32 {
	for {
		if now := c.activity.Load(); now != activityWaking {
			return now
		}
		runtime.Gosched() // the watch is between two lines
	}
}

// begin makes an idle connection busy. It returns false if somebody has closed the connection.
func (c *http1Conn) begin() bool {
	for {
		if c.activity.CompareAndSwap(activityIdle, activityBusy) {
			return true
		}
		switch c.settled() {
		case activityIdle: // The watch found that the connection rested already.
		case activityAwake:
			if c.activity.CompareAndSwap(activityAwake, activityBusy) {
				c.transport.Restore()
				return true
			}
		default:
			return false
		}
	}
}

// CloseIdle implements Conn. If a request runs on the connection, its response says that the connection closes, unless
// the response has begun.
func (c *http1Conn) CloseIdle() {
	for {
		now := c.settled()
		if now == activityBusy || now == activityReading || now == activityClosed {
			return
		}
		if c.activity.CompareAndSwap(now, activityClosed) {
			c.closeIdle(now)
			return
		}
	}
}

// IdleSince implements Conn.
func (c *http1Conn) IdleSince() (since time.Duration, idle bool) {
	switch c.activity.Load() {
	case activityIdle, activityWaking, activityAwake, activityReading, activityDropping:
		return time.Duration(c.idleSince.Load()), true
	}
	return 0, false
}

// Yield implements Conn.
func (c *http1Conn) Yield(since time.Duration) bool {
	for {
		now := c.settled()
		switch now {
		case activityIdle, activityAwake, activityReading, activityDropping:
		default:
			return false
		}
		if time.Duration(c.idleSince.Load()) != since {
			return false
		}
		if c.activity.CompareAndSwap(now, activityClosed) {
			c.closeIdle(now)
			return true
		}
	}
}

// SilentSince implements Conn.
func (c *http1Conn) SilentSince() (since time.Duration, silent bool) {
	if t := c.relayed.Load(); t != nil {
		return t.QuietSince()
	}
	return 0, false
}

// YieldSilent implements Conn.
func (c *http1Conn) YieldSilent(since time.Duration) bool {
	if now, silent := c.SilentSince(); !silent || now != since {
		return false
	}
	_ = c.relayed.Load().Close()
	return true
}

// closeIdle closes a connection that did what was says. If it dropped content, its goroutine closes it: a client that
// still sends must not lose the response.
func (c *http1Conn) closeIdle(was int32) {
	if was == activityDropping {
		if t := c.carriedBy(); t != nil {
			t.StopReading()
		}
		return
	}
	c.end(false)
}

// end closes or resets the connection. If it rests, nobody else ends the work with it.
func (c *http1Conn) end(reset bool) {
	if c.close(reset) {
		c.activity.Store(activityClosed)
		go c.over() // The caller may hold what over needs.
	}
}

// drop drops the rest of a request's content. Nobody waits for anything more on the connection, so that it counts as
// idle meanwhile.
func (c *http1Conn) drop() step {
	c.activity.Store(activityDropping)
	if c.from.closing.Load() {
		c.CloseIdle() // A drain may have looked just before.
	}
	reusable := c.DropContent(func() bool { return c.activity.Load() != activityDropping })
	if !c.activity.CompareAndSwap(activityDropping, activityBusy) {
		c.transport.ResumeReading()
		return closeLingering
	}
	return c.becomeIdle(reusable)
}

// Rest ends the wait of an idle connection's goroutine. That leaves the connection to the poller, or to a new goroutine
// if there is none. A request that comes at the same time goes first. Rest returns false if the connection is not idle,
// or rests already.
func (c *http1Conn) Rest() bool {
	if !c.activity.CompareAndSwap(activityIdle, activityWaking) {
		return false
	}
	t := c.carriedBy()
	if t == nil {
		c.activity.Store(activityIdle)
		return false
	}
	t.Interrupt()
	c.activity.Store(activityAwake)
	return true
}

// awoken returns what a connection does after its wait for a request ended without one.
func (c *http1Conn) awoken() step {
	if c.settled() != activityAwake {
		return closeNow
	}
	c.transport.Restore()
	c.Resume(c.Used())
	if !c.activity.CompareAndSwap(activityAwake, activityIdle) {
		return closeNow
	}
	return goOn
}
