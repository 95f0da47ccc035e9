// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// NTLM and Negotiate log in a connection, not a request (RFC 4559, section 6). Whoever comes next on such a connection
// to an endpoint is taken for the one who logged in. So a connection becomes private at the first sign of a login, a
// challenge or credentials. It then serves one client's connection only, and closes with it.

// Logins are the private connections of a client's connection of HTTP/1.1. On one of HTTP/2 requests run at once, and
// nothing tells which connection to an endpoint belongs to which of them. There, a private connection is closed after
// its exchange.
type Logins struct {
	// conns is used only by the goroutine that serves the client.
	conns []*Conn
}

// maxLogins bounds the private connections that a client's connection keeps: one for each service that it speaks to.
// The oldest is closed for a new one.
const maxLogins = 8

// privateConns are the private connections to an endpoint that rest.
type privateConns struct {
	mu    sync.Mutex
	conns map[*Conn]struct{}
}

// remove takes a connection out. It returns false if it was gone already.
func (p *privateConns) remove(c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.conns[c]
	delete(p.conns, c)
	return ok
}

func (p *privateConns) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// keep lets a private connection rest from now until its client's next request.
func (c *Conn) keep(now time.Duration) {
	e := c.endpoint
	if c.logins == nil {
		c.leave()
		return
	}
	e.private.mu.Lock()
	if e.retired.Load() {
		e.private.mu.Unlock()
		c.leave()
		return
	}
	if e.private.conns == nil {
		e.private.conns = make(map[*Conn]struct{})
	}
	c.idleSince = now
	e.private.conns[c] = struct{}{}
	e.private.mu.Unlock()
	l := c.logins
	if len(l.conns) == maxLogins {
		l.drop(0)
	}
	l.conns = append(l.conns, c)
}

func (l *Logins) drop(i int) {
	c := l.conns[i]
	l.conns = slices.Delete(l.conns, i, i+1)
	if c.endpoint.private.remove(c) {
		c.leave()
	}
}

// take returns the client's own connection to an endpoint, or nil.
func (l *Logins) take(e *Endpoint) *Conn {
	if l == nil {
		return nil
	}
	for i, c := range l.conns {
		if c.endpoint != e {
			continue
		}
		l.conns = slices.Delete(l.conns, i, i+1)
		if !e.private.remove(c) {
			return nil // closed as idle, or with the endpoint's others
		}
		if !c.quiet() {
			_ = c.Close()
			return nil
		}
		c.reused = true
		return c
	}
	return nil
}

// Endpoints returns the endpoints that the client is logged in at, the latest first. Under which server name it logged
// in makes no difference to where its requests go.
func (l *Logins) Endpoints() iter.Seq[*Endpoint] {
	return func(yield func(*Endpoint) bool) {
		if l == nil {
			return
		}
		for i := len(l.conns) - 1; i >= 0; i-- {
			if !yield(l.conns[i].endpoint.whole()) {
				return
			}
		}
	}
}

// Close closes all of them. It is called when the client's connection ends.
func (l *Logins) Close() {
	for len(l.conns) > 0 {
		l.drop(0)
	}
}

// closeIdle closes the connections that when says: those that rested too long, or all if the endpoint retires. A client
// can let eight rest for each connection of its own.
func (p *privateConns) closeIdle(when func(*Conn) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if when(c) {
			c.leave()
			delete(p.conns, c)
		}
	}
}

// LogsIn says whether credentials, or a list of challenges, have a scheme that logs in a connection.
func LogsIn(value []byte) (found bool) {
	// A comma separates challenges, and also the parameters of one (RFC 9110, section 11.6.1). What begins with the name
	// of a scheme and is no parameter is a challenge. A wrong guess costs no more than a connection.
	message.Elements(value, func(element []byte) bool {
		end := slices.IndexFunc(element, func(c byte) bool { return c == ' ' || c == '\t' || c == '=' })
		if end < 0 {
			end = len(element)
		}
		switch scheme := element[:end]; {
		case message.EqualFold(scheme, "ntlm"), message.EqualFold(scheme, "negotiate"), message.EqualFold(scheme, "nego2"):
			found = true
		}
		return !found
	})
	return found
}

// AsksForLogin says whether a response challenges the client to log in its connection.
func AsksForLogin(resp *message.Response) bool {
	if resp.Status < 400 {
		return false
	}
	for i := range resp.Fields {
		f := &resp.Fields[i]
		if message.EqualFold(f.Name, "www-authenticate") || message.EqualFold(f.Name, "proxy-authenticate") {
			if LogsIn(f.Value) {
				return true
			}
		}
	}
	return false
}

// dialPrivate begins HTTP/2 on a new connection for one exchange, and lets nobody share it.
func (e *Endpoint) dialPrivate(l link, stream *Stream) (Exchange, error) {
	c := newSharedConn(l, e)
	e.dialer.shared.add(c)
	go c.serve()
	opened := c.Open()
	c.Drain()
	if opened == nil {
		return nil, errUnusable
	}
	*stream = Stream{ClientStream: opened, conn: c}
	return stream, nil
}
