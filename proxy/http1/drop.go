// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// Many clients read no response before they have sent all of their content. If the connection ends before that, they
// lose the response (RFC 9112, section 9.6). So the rest of the content is read and dropped, within these bounds. The
// times are those of nginx, lingering_time and lingering_timeout. dropBytes and dropTime are for all of the rest.
const (
	dropBytes = 1 << 30
	dropTime  = 30 * time.Second
	dropPause = 5 * time.Second
	// dropSilence is how long a client may pause before it is told that no more follows: it may wait for that.
	dropSilence = 2 * time.Second
)

// These bound what is read and dropped from a client that still sends while the connection is closed.
const (
	lingerBytes = 256 << 10
	lingerTime  = time.Second
)

// DropContent reads and drops the rest of the request's content, after EndExchange. If nobody knows where the content
// ends, because its head was refused, DropContent drops all that comes until the client pauses. It ends early if reads
// of the transport were made to fail, and stopped then returns true. It returns whether the connection can carry
// another exchange.
func (c *ServerConn) DropContent(stopped func() bool) (reusable bool) {
	in, rest := &c.in, dropping{until: time.Now().Add(dropTime), left: dropBytes}
	switch {
	case c.unframed:
		in.releaseBuffer()
		if !stopped() && c.sayAll() {
			c.drop(in.transport, lingerTime, &rest)
		}
	case !in.ended:
		if !c.drop(in, dropSilence, &rest) && !stopped() && c.sayAll() {
			c.drop(in, dropPause, &rest)
		}
		in.endExchange()
	}
	return in.ended && !c.closing && c.keepAlive && !c.saidAll
}

// dropping bounds what is dropped of a request's content.
type dropping struct {
	until time.Time
	// left is how many bytes may still be dropped.
	left int
}

// drop reads from r and drops it. It returns false if the client paused for that long. Otherwise r or the bounds ended
// it.
func (c *ServerConn) drop(r io.Reader, pause time.Duration, rest *dropping) (over bool) {
	scratch := c.config.Buffers.Get(buffer.Small)
	defer c.config.Buffers.Put(scratch)
	c.in.transport.StallAfter(pause)
	for last := false; rest.left > 0; {
		remaining := time.Until(rest.until)
		if remaining <= 0 {
			break
		}
		if remaining < pause && !last {
			last = true
			c.in.transport.ExpireAfter(remaining)
		}
		n, err := r.Read(scratch)
		if rest.left -= n; err != nil {
			return !errors.Is(err, os.ErrDeadlineExceeded)
		}
	}
	return true
}

// sayAll tells the client that no more follows. It returns false if that is not possible.
func (c *ServerConn) sayAll() bool {
	c.saidAll = true
	return c.in.transport.CloseWrite() == nil
}

// Close closes the connection. With linger it first says that no more follows, and drops what the client still sends.
// Closing with unread bytes would reset the connection, and the client might lose the response (RFC 9112, section 9.6).
func (c *ServerConn) Close(linger bool) {
	t := c.in.transport
	if linger && !c.saidAll && c.sayAll() {
		t.ExpireAfter(lingerTime)
		c.in.endExchange()
		c.in.releaseBuffer()
		scratch := c.config.Buffers.Get(buffer.Small)
		for n := 0; n < lingerBytes; {
			m, err := t.Read(scratch)
			if n += m; err != nil {
				break
			}
		}
		c.config.Buffers.Put(scratch)
	}
	_ = t.Close()
	c.in.endExchange()
	c.in.releaseBuffer()
	c.out.releaseBuffer()
}
