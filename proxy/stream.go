// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// stream is the client's side of an exchange on a connection of HTTP/2, and the work on it. It is used again for
// others.
type stream struct {
	*http2.Stream
	session *session
	guard   guard
	started time.Duration
}

// Serve implements http2.Exchange.
func (s *stream) Serve() {
	c := s.session.conn
	p := c.proxy
	defer func() {
		// What [exchange.serve] contains does not come here: this is the end of the record of an exchange.
		if fault := recover(); fault != nil {
			p.config.Logger.Error(fmt.Errorf("%v", fault), "panic while ending a request", "stack", string(debug.Stack()))
		}
	}()
	x := p.engine.begin(s, &s.guard, &c.origin, c.shard)
	x.began(s.started)
	head := x.requestHead()
	*head, s.Request = s.Request, *head
	v := complete
	if refused := s.Refused(); refused != nil {
		x.refuse(refused)
	} else {
		x.openWebSocket()
		v = x.serve()
	}
	p.engine.record(x)
	if v != upgraded {
		p.engine.end(x)
		return
	}
	up, held := x.tunnel()
	p.engine.end(x)
	s.ReleaseHead()
	s.tunnel(up, held)
}

// tunnel relays bytes both ways after an upgrade.
func (s *stream) tunnel(up *upstream.Conn, held balance.Hold) {
	defer held.Release()
	t, fromUpstream := s.session.conn.proxy.newTunnel(s, up)
	s.guard.begin() // a new number: late timers of the exchange must not end the tunnel
	if !s.guard.arm(t, s.started) {
		_ = t.Close()
	}
	defer s.guard.disarm()
	t.Run(nil, fromUpstream)
}

// ReadParked implements http1.Parker.
func (s *stream) ReadParked(_ *buffer.Pool, size int, got func(buf []byte, n int) (again bool)) error {
	for {
		buf, n, err := s.Park(size)
		if err != nil || !got(buf, n) {
			return err
		}
	}
}

// Abort implements http2.Exchange.
func (s *stream) Abort() { s.guard.shut(reason.ClientClosed) }

// Release implements http2.Exchange.
func (s *stream) Release() {
	p := s.session.conn.proxy
	s.Stream, s.session = nil, nil
	p.streams.Put(s)
}

// Socket implements downstream: content shares the connection with that of other streams.
func (s *stream) Socket() *transport.TCP { return nil }
