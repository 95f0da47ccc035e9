package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/message"
)

// transportConfig is what all connections to endpoints have in common.
type transportConfig struct {
	clock clock
	http  http1.ClientConfig
}

const (
	// idleShards spreads an endpoint's idle connections, so that requests on several cores seldom meet at one lock.
	idleShards = 8
	// idlePerShard bounds the idle connections that are kept; further ones are closed.
	idlePerShard = 128
	// upstreamIdleTimeout is less than the 60 and 75 seconds after which common servers close an idle connection.
	upstreamIdleTimeout = 55 * time.Second
	// trustIdle is how long an idle connection is taken for alive, and for silent, without a look at it. Under load,
	// when a look would show in the figures, the last one used is back in use sooner.
	trustIdle = 5 * time.Millisecond
)

// endpoint is an address that answers requests, with the connections to it that nobody is using.
type endpoint struct {
	address netip.AddrPort
	text    string
	config  *transportConfig
	// tls is nil where there is none.
	tls *tls.Config
	// retired endpoints take no requests, and keep no connection that has none.
	retired atomic.Bool
	conduct conduct
	pools   poolList
	dials   dials
	_       [64]byte // keeps what each request counts out of the cache lines of what each reads
	// active is how many requests and tunnels have a place at the endpoint.
	active atomic.Int64
	_      [56]byte
	idle   [idleShards]idleShard
}

// idleShard is a stack: the connection that was used last is used next, so that those in excess grow old and go.
type idleShard struct {
	mu    sync.Mutex
	conns []*upstreamConn
	_     [32]byte // keeps two shards out of one cache line
}

// upstreamConn is a connection to an endpoint. Only the exchange that took it uses it.
type upstreamConn struct {
	*http1.ClientConn
	transport *transport
	// secure is TLS over the transport, nil where there is none.
	secure    *tlsTransport
	endpoint  *endpoint
	reused    bool
	idleSince time.Duration
	// suspect is set after a response whose end was not read into a buffer, where what follows it would have been seen:
	// a spliced one, or one that must not have content: a server that sends it all the same, to a HEAD for one,
	// sends it after the response was complete.
	suspect, spliced bool
}

// Response implements upstream.
func (c *upstreamConn) Response() *message.Response { return &c.ClientConn.Response }

// StallAfter implements upstream.
func (c *upstreamConn) StallAfter(d time.Duration) { c.transport.StallAfter(d) }

// BoundWait implements upstream.
func (c *upstreamConn) BoundWait(d time.Duration) {
	_ = c.transport.tcp.SetReadDeadline(time.Now().Add(d))
}

// StallWritesAfter implements upstream.
func (c *upstreamConn) StallWritesAfter(d time.Duration) { c.transport.writeStall = d }

// Reused implements upstream.
func (c *upstreamConn) Reused() bool { return c.reused }

// Sole implements upstream.
func (c *upstreamConn) Sole() *upstreamConn { return c }

// EndExchange implements upstream. A connection that can carry no other exchange is closed.
func (c *upstreamConn) EndExchange(requestSent bool, shard uint32, now time.Duration) {
	if c.ClientConn.EndExchange(requestSent) {
		c.endpoint.give(c, shard, now)
		return
	}
	_ = c.Close()
}

func newEndpoint(key endpointKey, config *transportConfig) *endpoint {
	e := &endpoint{address: key.address, text: key.address.String(), config: config}
	if key.security != nil {
		e.tls = key.security.forEndpoint()
	}
	return e
}

// take returns an idle connection or nil. The shard is where to look first. With careful, a connection is
// looked at before it is trusted, however short its rest was: for requests that cannot be sent twice.
func (e *endpoint) take(shard uint32, now time.Duration, careful bool) *upstreamConn {
	for i := range uint32(idleShards) {
		s := &e.idle[(shard+i)%idleShards]
		for {
			c := s.pop()
			if c == nil {
				break
			}
			if (careful || c.suspect || now-c.idleSince > trustIdle) && !c.quiet() {
				_ = c.Close()
				continue
			}
			c.reused = true
			return c
		}
	}
	return nil
}

func (s *idleShard) pop() *upstreamConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.conns)
	if n == 0 {
		return nil
	}
	c := s.conns[n-1]
	s.conns[n-1] = nil
	s.conns = s.conns[:n-1]
	return c
}

// give returns a connection that can carry another request.
func (e *endpoint) give(c *upstreamConn, shard uint32, now time.Duration) {
	c.idleSince, c.suspect = now, c.spliced || c.Response().NoContent
	c.spliced = false
	s := &e.idle[shard%idleShards]
	s.mu.Lock()
	if e.retired.Load() || len(s.conns) >= idlePerShard {
		s.mu.Unlock()
		c.leave()
		return
	}
	s.conns = append(s.conns, c)
	s.mu.Unlock()
}

// errRetired is what comes of a connection to an endpoint that retired meanwhile: an address from which a Pod has gone may
// never say that nobody is there.
var errRetired = errors.New("the endpoint takes no more requests")

// dial makes a connection, up to the end of the TLS handshake where there is one. The exchange's context ends the attempt, and so
// does the endpoint's retirement; timeout bounds it unless it is 0.
func (e *endpoint) dial(exchange context.Context, timeout time.Duration) (*upstreamConn, error) {
	ctx, cancel := context.WithCancelCause(exchange)
	defer cancel(nil)
	leave := e.dials.join(func() { cancel(errRetired) })
	defer leave()
	if e.retired.Load() {
		return nil, errRetired
	}
	if timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, timeout)
		defer stop()
	}
	c, err := e.connect(ctx)
	// An endpoint that retired may have resumed by now.
	if gaveUp := context.Cause(ctx) == errRetired; gaveUp || e.retired.Load() {
		if err == nil {
			_ = c.Close()
		}
		return nil, errRetired
	}
	return c, err
}

func (e *endpoint) connect(ctx context.Context) (*upstreamConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", e.text)
	if err != nil {
		return nil, err
	}
	t, err := newTransport(conn.(*net.TCPConn), e.config.clock, 0)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	c := &upstreamConn{transport: t, endpoint: e}
	if e.tls != nil {
		secure := tls.Client(netConn{t}, e.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, &handshakeError{err}
		}
		c.secure = &tlsTransport{Conn: secure, below: t}
	}
	c.ClientConn = http1.NewClientConn(c.stream(), &e.config.http)
	return c, nil
}

// retire closes the idle connections, and those in use as they are given back, until resume. Connections that are being
// made are given up.
func (e *endpoint) retire() {
	e.retired.Store(true)
	e.dials.cancel()
	e.closeIdle(func(*upstreamConn) bool { return true })
}

func (e *endpoint) resume() { e.retired.Store(false) }

// expire closes the connections that have been idle for too long.
func (e *endpoint) expire(now time.Duration) {
	e.closeIdle(func(c *upstreamConn) bool { return now-c.idleSince > upstreamIdleTimeout })
}

func (e *endpoint) closeIdle(when func(*upstreamConn) bool) {
	for i := range e.idle {
		s := &e.idle[i]
		s.mu.Lock()
		kept := s.conns[:0]
		for _, c := range s.conns {
			if when(c) {
				c.leave()
				continue
			}
			kept = append(kept, c)
		}
		clear(s.conns[len(kept):])
		s.conns = kept
		s.mu.Unlock()
	}
}
