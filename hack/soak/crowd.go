// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"syscall"
	"time"
)

// crowd keeps many connections and wakes one of them at random from time to time, plain or over TLS. So nearly all of
// them rest in the proxy, and some are woken just when their idle time is over.
type crowd struct {
	*visitor
	most    int
	members []member
}

// member is one connection of a crowd. used is when it was used last.
type member struct {
	session interface {
		round() (string, error)
		close()
	}
	used time.Time
}

const (
	// crowds is how many clients have a crowd, and crowdSize how many connections each has, as far as descriptors allow.
	crowds    = 10
	crowdSize = 1000
	// joinAtOnce is how many connections a round adds at most.
	joinAtOnce = 10
	// spareDescriptors are for everybody else.
	spareDescriptors = 2000
)

func newCrowd(v *visitor) client {
	most := crowdSize
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < 2*crowds*crowdSize+spareDescriptors {
		most = (int(limit.Cur) - spareDescriptors) / (2 * crowds)
	}
	return &crowd{visitor: v, most: max(1, most)}
}

func (c *crowd) round() (string, error) {
	for range min(joinAtOnce, c.most-len(c.members)) {
		m := member{session: newBrowser(c.visitor).(browser)}
		if c.rnd.IntN(2) == 0 {
			m.session = newSecureClient(c.visitor).(*secureClient)
		}
		c.members = append(c.members, m)
		if note, err := c.ask(len(c.members) - 1); err != nil {
			return note, err
		}
	}
	return c.ask(c.rnd.IntN(len(c.members)))
}

// ask has a member ask for something. A connection that may end at the same time, because it was idle for too long, is
// left instead, and another one made.
func (c *crowd) ask(i int) (string, error) {
	m := &c.members[i]
	note := ""
	if !m.used.IsZero() && time.Since(m.used) > idleTimeout-time.Second {
		m.session.close()
		note = "was idle for too long"
	}
	m.used = time.Now()
	said, err := m.session.round()
	if err != nil {
		return said, fmt.Errorf("connection %d of %d: %w", i, len(c.members), err)
	}
	if note == "" {
		note = said
	}
	return note, nil
}

func (c *crowd) close() {
	for i := range c.members {
		c.members[i].session.close()
	}
}
