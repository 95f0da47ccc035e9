// SPDX-License-Identifier: Apache-2.0

package http2

import "time"

// silence is what a client makes of a server that it hears nothing from.
type silence struct {
	// reads is their number at the last look, looked when that was. What was heard last came no earlier than heard.
	reads         uint64
	looked, heard time.Duration
	// doubted is set while the server has to show that it is there, since.
	doubted bool
	since   time.Duration
	// missed is when the last wait began that an exchange gave up after a pingPatience or more, or -1.
	missed time.Duration
}

// pingPatience is how long a server may take to answer a PING, or to send anything else.
const pingPatience = 5 * time.Second

// gaveUp notes that somebody waited for the server in vain, for a reason of his own: where all have less patience than
// their streams, or these wait for as long as they like, nothing else would show that nobody is there any more.
func (s *silence) gaveUp(in *content, now time.Duration) {
	if in.waiting && now-in.since >= pingPatience {
		s.missed = max(s.missed, in.since)
	}
}

// watchSilence has a server that let a stream wait for too long, and sent nothing else meanwhile, show that it is
// there. Until it does, no more streams are opened. A server is not asked otherwise: some end connections on which
// there is a PING now and then.
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
