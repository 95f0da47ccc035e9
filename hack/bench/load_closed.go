// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"time"
)

// runClosed keeps one request under way on each connection.
func runClosed(m *measurement) error {
	c, err := newLoadConns(m)
	if err != nil {
		return err
	}
	for range m.spec.Connections {
		made, err := c.connect()
		if err != nil {
			return err
		}
		if err := c.sendNext(made, time.Now()); err != nil {
			return err
		}
	}
	begin := time.Now().Add(m.spec.WarmUp)
	for {
		events, err := c.poller.wait(longestWait)
		if err != nil {
			return err
		}
		now := time.Now()
		switch {
		case m.counting && (now.Sub(m.started) >= m.spec.Window || m.enough()):
			return m.end()
		case !m.counting && !now.Before(begin):
			if err := m.begin(); err != nil {
				return err
			}
		}
		for i := range events {
			if err := c.again(c.open[events[i].Fd]); err != nil {
				return err
			}
		}
	}
}

// again goes on with a client's request. When that is answered or has failed, it sends another.
func (c *loadConns) again(cl *loadConn) error {
	if cl == nil {
		// It was replaced earlier in the same turn.
		return nil
	}
	err := cl.run()
	now := time.Now()
	switch {
	case errors.Is(err, errAgain):
		return nil
	case err != nil:
		if cl, err = c.replace(cl, err); err != nil {
			return err
		}
	default:
		c.success(now.Sub(cl.since))
	}
	return c.sendNext(cl, now)
}

// sendNext sends the request whose turn it is on cl, or on another connection if that one turns out to be broken.
func (c *loadConns) sendNext(cl *loadConn, now time.Time) error {
	for {
		err := cl.send(c.next(), now)
		if err == nil {
			return nil
		}
		if cl, err = c.replace(cl, err); err != nil {
			return err
		}
	}
}
