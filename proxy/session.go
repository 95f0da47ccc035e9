// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// session is HTTP/2 on a connection.
type session struct {
	*http2.ServerConn
	conn *conn
}

// serveHTTP2 serves the connection to its end. What was received already comes first.
func (c *conn) serveHTTP2(received []byte) {
	p := c.proxy
	c.origin.Logins = nil // streams of one connection may be different users'
	s := &session{conn: c}
	s.ServerConn = http2.NewServerConn(transport.NewParked(c.stream, c.transport, &p.engine.Buffers), &p.server2, s)
	c.transport.StallAfter(0) // HTTP/2 keeps its own idle time
	c.session.Store(s)
	// Whoever drains may have looked just before.
	if p.draining.Load() {
		s.Announce()
	}
	if p.closing.Load() {
		s.Drain()
	}
	if err := s.Serve(received); message.IsFault(err) {
		p.config.Logger.V(1).Info("closing a connection", "peer", c.origin.Peer.String(), "cause", err.Error())
	}
}

// announceDrain asks the client of a connection of HTTP/2 to go elsewhere; one of HTTP/1 is told with its next
// response.
func (c *conn) announceDrain() {
	if s := c.session.Load(); s != nil {
		s.Announce()
	}
}

// Begin implements http2.Handler.
func (s *session) Begin(below *http2.Stream) http2.Exchange {
	p := s.conn.proxy
	one := p.streams.Get().(*stream)
	one.Stream, one.session, one.started = below, s, p.engine.Clock.Now()
	one.guard.Renew()
	return one
}
