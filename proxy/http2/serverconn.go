// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// ServerConn is the server's side of a connection. Serve runs on the goroutine that owns it. Other goroutines may call
// Announce, Drain, Watch and Running.
type ServerConn struct {
	conn
	handler Handler
	heads   *headReader // only for the goroutine that reads, nil while no head was read since the last rest
	packed  []byte      // the table of the heads before that

	// The lock guards the following fields.

	workers workers
	free    []*Stream
	resets  budget
	// rester is the handler if it lets connections rest, or nil. seen is the number of reads at the last look, and still
	// how many looks found no later one.
	rester Rester
	seen   uint64
	still  int
	// looked is when Watch was called last. taking is the wait of streams for what all share.
	looked time.Duration
	taking message.Wait
}

// NewServerConn returns the server's side of a connection that was just accepted.
func NewServerConn(t Transport, config *Config, handler Handler) *ServerConn {
	c := &ServerConn{handler: handler, resets: budget{burst: resetBurst, perSecond: resetsPerSecond}}
	c.init(t, config, c)
	c.rester, _ = handler.(Rester)
	return c
}

// Serve serves the connection to its end, and returns why it ended. It returns ErrResting if the connection has come to
// rest instead. received is what was received already.
func (c *ServerConn) Serve(received []byte) error {
	if len(received) > 0 {
		c.buf = c.config.Buffers.Get(max(len(received), buffer.Small))
		c.w = copy(c.buf, received)
	}
	c.greet()
	err := c.readPreface()
	if err == nil {
		err = c.read()
	}
	return c.leaveOff(err)
}

// greet sends our settings (RFC 9113, section 3.4).
func (c *ServerConn) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	const settings = 5
	b := c.out.reserve(&c.conn, 128)
	b = appendFrameHeader(b, settings*settingLength, frameSettings, 0, 0)
	b = appendSetting(b, settingMaxStreams, maxStreams)
	b = appendSetting(b, settingInitialWindow, streamWindow)
	b = appendSetting(b, settingMaxHeaderList, uint32(c.config.Limits.HeadBytes))
	b = appendSetting(b, settingConnectProtocol, 1)
	b = appendSetting(b, settingNoOldPriorities, 1)
	c.out.pending = appendWindowUpdate(b, 0, connectionWindow-defaultWindow)
	c.flush(true)
}

func (c *ServerConn) readPreface() error {
	c.expire()
	for checked := 0; ; {
		received := c.buf[c.r:c.w]
		n := min(len(received), len(preface))
		if string(received[checked:n]) != preface[checked:n] {
			return errPreface
		}
		if checked = n; n == len(preface) {
			c.r += n
			return nil
		}
		if err := c.fill(len(preface)); err != nil {
			return err
		}
	}
}

// set implements side. The client's other settings do not matter: we push nothing and open no streams.
func (c *ServerConn) set(setting, uint32) error { return nil }

// cannotSend implements side. Without answers there is nobody to serve.
func (c *ServerConn) cannotSend(err error) {
	c.failLocked(err)
	c.stopReading()
}

// rest implements side.
func (c *ServerConn) rest(streams int) {
	c.workers.dismiss(streams)
	for len(c.free) > streams {
		last := len(c.free) - 1
		c.reuse(&c.free[last].stream)
		c.free[last] = nil
		c.free = c.free[:last]
	}
	if streams == 0 {
		c.free = nil
	}
}
