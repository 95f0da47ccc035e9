// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/pipeline"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// http2Exchange is the client's side of an exchange on a connection of HTTP/2. It also serves the exchange. It is used
// again for others.
type http2Exchange struct {
	*http2.Stream
	conn    *http2Conn
	guard   guard.Guard
	started time.Duration
}

// Serve implements http2.Exchange.
func (s *http2Exchange) Serve() {
	c := s.conn
	e := c.server.engine
	defer func() {
		// [pipeline.Exchange.Serve] contains its own panics. This is for one while the exchange is recorded.
		if fault := recover(); fault != nil {
			c.server.config.Logger.Error(fmt.Errorf("%v", fault), "panic while ending a request", "stack", string(debug.Stack()))
		}
	}()
	x := e.Begin(s, &s.guard, &c.origin, c.number)
	x.Began(s.started)
	head := x.RequestHead()
	*head, s.Request = s.Request, *head
	v := pipeline.Complete
	if refused := s.Refused(); refused != nil {
		x.Refuse(refused)
	} else {
		x.OpenWebSocket()
		v = x.Serve()
	}
	e.Record(x)
	if v != pipeline.Upgraded {
		e.End(x)
		return
	}
	up, held := x.Tunnel()
	e.End(x)
	s.ReleaseHead()
	s.tunnel(up, held)
}

// tunnel relays bytes both ways after an upgrade.
func (s *http2Exchange) tunnel(up *upstream.Conn, held pipeline.Held) {
	defer held.Release()
	t, fromUpstream := s.conn.newTunnel(s, up)
	s.guard.Begin() // a new number: late timers of the exchange must not end the tunnel
	if !s.guard.Arm(t, s.started) {
		_ = t.Close()
	}
	defer s.guard.Disarm()
	s.conn.relay(t, fromUpstream)
}

// ReadParked implements http1.Parker.
func (s *http2Exchange) ReadParked(_ *buffer.Pool, size int, got func(buf []byte, n int) (again bool)) error {
	for {
		buf, n, err := s.Park(size)
		if err != nil || !got(buf, n) {
			return err
		}
	}
}

// Abort implements http2.Exchange.
func (s *http2Exchange) Abort() { s.guard.Shut(reason.ClientClosed) }

// Release implements http2.Exchange.
func (s *http2Exchange) Release() {
	pool := &s.conn.server.exchanges
	s.Stream, s.conn = nil, nil
	pool.Put(s)
}

// Socket implements client.Side. The content shares the connection with that of other streams.
func (s *http2Exchange) Socket() *transport.TCP { return nil }
