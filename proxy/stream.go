package proxy

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/warren-dev/ingress/proxy/http2"
)

// stream is the client's side of an exchange on a connection of HTTP/2, and the work on it. It is used again for others.
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
	x := p.exchanges.Get().(*exchange)
	x.proxy, x.down, x.guard, x.origin, x.shard = p, s, &s.guard, &c.origin, c.shard
	x.started, x.client = s.started, c.origin.peer
	x.request, s.Request = s.Request, x.request
	if refused := s.Refused(); refused != nil {
		x.answer(reasonOfStatus(refused.Status), refused.Detail)
	} else {
		x.serve()
	}
	p.ended(x)
	x.release()
	p.exchanges.Put(x)
}

// Abort implements http2.Exchange.
func (s *stream) Abort() { s.guard.shut(ClientClosed) }

// Release implements http2.Exchange.
func (s *stream) Release() {
	p := s.session.conn.proxy
	s.Stream, s.session = nil, nil
	p.streams.Put(s)
}

// Socket implements downstream: content shares the connection with that of other streams.
func (s *stream) Socket() *transport { return nil }
