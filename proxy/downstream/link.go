// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// link is what all connections have, in any protocol.
type link struct {
	server *Server
	// from is the listener that the connection came to.
	from *listener
	// transport is nil while the connection rests. Only who serves it changes it, or reads it without the lock of rest.
	transport *transport.TCP
	// carrier is the transport, or TLS over it.
	carrier transport.Carrier
	rest
	origin client.Origin
	// number tells connections apart, roughly. It is the shard of whatever a connection shares with some others.
	number uint32
	// excess is set on a connection beyond the limit. It has no place and does not count as open.
	excess bool
	place  place
	// came is when it was accepted.
	came time.Duration
	// entry is what the registry has for the connection. Others than who serves it read it with the lock of rest.
	entry Conn
}

// mostExcess is how many connections beyond the limit may be open at once. Descriptors are kept for endpoints, not for
// these.
const mostExcess = 32

// exceed counts a connection beyond the limit. It returns false if too many of them are open for this one to be told.
func (l *link) exceed() bool {
	l.excess = true
	l.server.engine.Metrics.ConnectionRefused()
	return l.server.excess.Add(1) <= mostExcess
}

// enter puts c into the registry, in the place of the connection's former entry. A drain may have looked just before,
// so enter tells c about it.
func (l *link) enter(c Conn) {
	if l.entry == nil {
		l.server.conns.add(c, l.number)
	} else {
		l.server.conns.replace(l.entry, c, l.number)
	}
	l.mu.Lock()
	l.entry = c
	l.mu.Unlock()
	if l.from.draining.Load() {
		c.Announce()
	}
	if l.from.closing.Load() {
		c.CloseIdle()
	}
}

// current returns what the registry has for the connection, or had last.
func (l *link) current() Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entry
}

// leave ends the server's work with a connection that is closed.
func (l *link) leave() {
	if l.entry != nil {
		l.server.conns.remove(l.entry, l.number)
	}
	if l.excess {
		l.server.excess.Add(-1)
	} else {
		l.server.places.leave(&l.place)
	}
	l.server.serving.Done()
}

// Place implements Conn.
func (l *link) Place() (of *place, came time.Duration) {
	return &l.place, l.came
}

// cameTo says whether the connection came to one of the snapshot's listeners.
func (l *link) cameTo(of *listener) bool { return l.from == of }

// SilentSince implements Conn.
func (l *link) SilentSince() (since time.Duration, silent bool) { return 0, false }

// YieldSilent implements Conn.
func (l *link) YieldSilent(time.Duration) bool { return false }

// contain ends this one connection after a panic that [pipeline.Exchange.Serve] did not contain. fault is what was
// recovered. contain says whether there was a panic.
func (l *link) contain(fault any) bool {
	if fault == nil {
		return false
	}
	l.close(true)
	l.server.config.Logger.Error(fmt.Errorf("%v", fault), "panic while serving a connection", "stack", string(debug.Stack()))
	return true
}

// closed logs why a connection ends on which nothing can be answered.
func (l *link) closed(why error) {
	if log := l.server.config.Logger.V(1); log.Enabled() {
		log.Info("closing a connection", "peer", l.transport.RemoteAddr().String(), "cause", why.Error())
	}
}

// newTunnel returns the tunnel between a client and the endpoint that answered with a 101. It also returns what the
// endpoint sent after that.
func (l *link) newTunnel(side transport.Side, up *upstream.Conn) (t *transport.Tunnel, received []byte) {
	s := l.server
	carrier, below, received := up.LeaveHTTP(s.config.ReadTimeout)
	idle := transport.TunnelIdle{Whole: s.config.TunnelIdleTimeout, Half: s.config.IdleTimeout}
	return transport.NewTunnel(side, carrier, below, s.engine.Clock, idle, &s.engine.Buffers), received
}
