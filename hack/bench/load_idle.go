// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// runIdle opens the connections one after another, sends a request on each and awaits its response. Then it lets all of
// them idle. What counts is the memory that the proxy has then.
func runIdle(m *measurement) error {
	c, err := newLoadConns(m)
	if err != nil {
		return err
	}
	if err := m.begin(); err != nil {
		return err
	}
	for range m.spec.Connections {
		if err := c.openOne(); err != nil {
			return err
		}
	}
	if err := m.end(); err != nil {
		return err
	}
	time.Sleep(m.spec.Settle)
	if err := m.readMemory(); err != nil {
		return err
	}
	return c.checkOpen()
}

// openOne makes a connection and sends one request on it.
func (c *loadConns) openOne() error {
	cl, err := c.connect()
	if errors.Is(err, unix.EMFILE) {
		return fmt.Errorf("%w: raise the limit of open files (ulimit -n) to %d", err, c.spec.Connections+100)
	}
	if err != nil {
		return err
	}
	if err := c.sendNext(cl, time.Now()); err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); ; {
		err := cl.run()
		switch {
		case err == nil:
			c.success(time.Since(cl.since))
			return nil
		case !errors.Is(err, errAgain):
			return c.failure(err)
		case time.Now().After(deadline):
			return c.failure(fmt.Errorf("the request on connection %d had no answer within %s", c.made, patience))
		}
		if _, err := c.poller.wait(longestWait); err != nil {
			return err
		}
	}
}

// checkOpen counts the connections that the proxy has closed, because they are not idle ones.
func (c *loadConns) checkOpen() error {
	for _, cl := range c.open {
		if cl == nil || cl.busy {
			continue
		}
		if _, err := discardSocket(cl.fd, 1); !errors.Is(err, errAgain) {
			if err := c.failure(errors.New("an idle connection did not stay open")); err != nil {
				return err
			}
		}
	}
	return nil
}
