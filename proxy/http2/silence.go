// SPDX-License-Identifier: Apache-2.0

package http2

import "time"

// silence tracks a server from which a client hears nothing.
type silence struct {
	// reads is the number of reads at the last look, and looked when that was. heard is a time before the last read.
	reads         uint64
	looked, heard time.Duration
	// doubted is set while the server has to show that it is there. since is when that began.
	doubted bool
	since   time.Duration
	// missed is when the last wait began that an exchange gave up after pingPatience or more, -1 if there is none.
	missed time.Duration
}

// pingPatience is how long a server may take to answer a PING, or to send anything else.
const pingPatience = 5 * time.Second

// gaveUp notes that somebody gave up waiting for the server, for reasons of his own. If all who wait give up before
// their streams time out, or if their streams never do, nothing else would show that the server is gone.
func (s *silence) gaveUp(in *content, now time.Duration) {
	if in.waiting && now-in.since >= pingPatience {
		s.missed = max(s.missed, in.since)
	}
}

// watchSilence asks a server to show that it is there if a stream waited too long and the server sent nothing
// meanwhile. Until it does, no more streams are opened. Otherwise it does not ask: some servers end connections on
// which there is a PING now and then.
func (c *ClientConn) watchSilence(late, now time.Duration) {
	s := &c.silence
	late, s.missed = max(late, s.missed), -1
	if reads := c.reads.Load(); s.reads != reads {
		s.reads, s.heard, s.doubted = reads, s.looked, false
	}
	s.looked = now
	switch {
	case s.doubted && now-s.since >= pingPatience:
		c.failLocked(errSilent)
		c.transport.StopReading()
	case late >= s.heard && !s.doubted && c.err == nil:
		s.doubted, s.since = true, now
		c.out.pending = appendPing(c.out.reserve(&c.conn, frameHeader+pingLength))
		c.flushSoon()
	}
}
