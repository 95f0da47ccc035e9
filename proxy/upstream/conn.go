// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bytes"
	"time"

	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Conn is a connection of HTTP/1.1 to an endpoint. Only the exchange that took it uses it.
type Conn struct {
	*http1.ClientConn
	link
	endpoint  *Endpoint
	reused    bool
	idleSince time.Duration
	// private is set once somebody may have logged in on the connection. Then it rests in logins between exchanges, or
	// nowhere if that is nil.
	private bool
	logins  *Logins
	// suspect is set after a response that must not have content, as one to HEAD. A server that sends content all the same
	// sends it after the response was complete.
	suspect bool
	// heads counts the memory that the connection holds for heads of responses.
	heads headmemory.Share
}

// Overdraw implements [http2.Holder].
func (c *Conn) Overdraw() { _ = c.Close() }

// Response implements [Exchange].
func (c *Conn) Response() *message.Response { return &c.ClientConn.Response }

// StallAfter implements [Exchange].
func (c *Conn) StallAfter(d time.Duration) { c.transport.StallAfter(d) }

// BoundWait implements [Exchange].
func (c *Conn) BoundWait(d time.Duration) { c.transport.BoundWait(d) }

// StallWritesAfter implements [Exchange].
func (c *Conn) StallWritesAfter(d time.Duration) { c.transport.StallWritesAfter(d) }

// Reused implements [Exchange].
func (c *Conn) Reused() bool { return c.reused }

// Sole implements [Exchange].
func (c *Conn) Sole() *Conn { return c }

// Answering implements [Exchange].
func (c *Conn) Answering() bool { return c.Content().Buffered() }

// Close closes the connection at once, from anywhere.
func (c *Conn) Close() error { return c.link.Close() }

// Socket returns the connection below. It returns nil if content cannot be spliced from and to it: over TLS, or if c is
// nil.
func (c *Conn) Socket() *transport.TCP {
	if c == nil || c.secure != nil {
		return nil
	}
	return c.transport
}

// LeaveHTTP ends HTTP on the connection, for a tunnel. Over TLS, each record has to arrive within the time given, once
// it began. It returns what carries the tunnel's bytes, the TCP connection below, and what was received behind the last
// response.
func (c *Conn) LeaveHTTP(record time.Duration) (carrier transport.Carrier, below *transport.TCP, received []byte) {
	if c.secure != nil {
		c.secure.BoundRecords(record)
	}
	received = bytes.Clone(c.Detach())
	c.ClientConn.EndExchange(false) // its buffers are of no more use
	return c.stream(), c.transport, received
}

// Claim makes the connection private to a client, unless it is private already. Nobody else ever gets it then. Between
// the client's requests it rests in by. If by is nil, it is closed after the exchange.
func (c *Conn) Claim(by *Logins) {
	if !c.private {
		c.private, c.logins = true, by
	}
}

// Unheard says whether the endpoint had not received all that was sent to it when it sent what arrived last.
func (c *Conn) Unheard() bool { return c.transport.Unheard() }

// EndExchange implements [Exchange]. It closes a connection that can carry no other exchange.
func (c *Conn) EndExchange(requestSent bool, shard uint32, now time.Duration) {
	switch {
	case !c.ClientConn.EndExchange(requestSent):
		_ = c.Close()
	case misread(c.Response().Status):
		c.leave()
	case c.private:
		c.keep(now)
	default:
		c.endpoint.give(c, shard, now)
	}
}

// misread says whether a server that answers with a status may not have understood where the request ended. Then nobody
// knows what it makes of the next request on the connection, whatever it says of the connection.
func misread(status int) bool {
	switch status {
	case 400, 408, 413, 414, 431, 501, 505:
		return true
	}
	return false
}

// newSole returns a connection of HTTP/1.1.
func (e *Endpoint) newSole(l link) *Conn {
	c := &Conn{ClientConn: http1.NewClientConn(l.stream(), &e.dialer.http1), link: l, endpoint: e}
	c.heads = e.dialer.heads.Share(c, headmemory.PerEndpoint)
	c.Hold(&c.heads)
	return c
}
