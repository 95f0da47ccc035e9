// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/transport"
)

// link is a connection to an endpoint, whatever version of HTTP is spoken on it.
type link struct {
	transport *transport.TCP
	// secure is TLS over the transport, nil where there is none.
	secure *transport.TLS
}

// stream is what carries HTTP: the transport, or TLS over it.
func (l *link) stream() transport.Stream {
	if l.secure != nil {
		return l.secure
	}
	return l.transport
}

// quiet says whether the endpoint has sent nothing, not even the end of the connection, since the last response.
func (l *link) quiet() bool {
	if l.secure == nil {
		return l.transport.Idle()
	}
	return l.secure.Quiet()
}

// Close closes the connection at once, from anywhere.
func (l *link) Close() error { return l.transport.Close() }

// leave closes a connection that nobody uses. The endpoint is told (RFC 8446, section 6.1), if that takes no wait.
func (l *link) leave() {
	if l.secure == nil {
		_ = l.transport.Close()
		return
	}
	l.transport.WriteWithoutWaiting()
	_ = l.secure.Close()
}

// errRetired is what comes of a connection to an endpoint that retired meanwhile: an address from which a Pod has gone
// may never say that nobody is there.
var errRetired = errors.New("the endpoint takes no more requests")

// demand is what an exchange wants of a connection that it has to wait for.
type demand struct {
	// timeout bounds the wait unless it is 0.
	timeout time.Duration
	// sole demands a connection that nobody shares: one of HTTP/1.1, which alone can become a tunnel, unless the
	// endpoint speaks HTTP/2 only: there it is one of HTTP/2, for what is no upgrade.
	sole, upgrade bool
	// stream is where the exchange's stream goes if many share the connection.
	stream *sharedStream
}

// dial makes a connection, or waits for one that others wait for too. The exchange's context ends the wait, and so does
// the endpoint's retirement.
func (e *endpoint) dial(exchange context.Context, d demand) (upstream, error) {
	if d.timeout > 0 {
		bounded, stop := context.WithTimeout(exchange, d.timeout)
		defer stop()
		exchange = bounded
	}
	switch {
	case d.sole && !e.h2c:
		return e.dialSole(exchange, d)
	case d.sole:
		l, err := e.link(exchange, nil)
		if err != nil {
			return nil, err
		}
		return e.dialPrivate(l, d.stream)
	case e.mayShare():
		return e.share(exchange, d.stream)
	}
	return e.dialAlone(exchange, d.stream)
}

// dialSole makes a connection of HTTP/1.1, or, for what is no upgrade, a private one of HTTP/2 where the endpoint
// refuses a TLS handshake in which HTTP/1.1 alone is offered.
func (e *endpoint) dialSole(ctx context.Context, d demand) (upstream, error) {
	l, err := e.link(ctx, e.tlsHTTP1)
	if !d.upgrade && refusesProtocols(err) {
		if l, err = e.link(ctx, e.tls); err == nil && e.chose(l) {
			return e.dialPrivate(l, d.stream)
		}
	}
	if err != nil {
		return nil, err
	}
	return e.newSole(l), nil
}

// dialAlone makes a connection for one exchange. Where it turns out that others can share it, they may.
func (e *endpoint) dialAlone(ctx context.Context, stream *sharedStream) (upstream, error) {
	l, err := e.link(ctx, e.tls)
	if err != nil {
		return nil, err
	}
	return e.speak(l, stream)
}

// speak begins HTTP on a connection.
func (e *endpoint) speak(l link, stream *sharedStream) (upstream, error) {
	if !e.chose(l) {
		return e.newSole(l), nil
	}
	e.sharing.add(newSharedConn(l, e))
	if !e.sharing.open(stream) {
		return nil, errUnusable
	}
	stream.reused = false
	return stream, nil
}

// link makes a connection, up to the end of the TLS handshake where there is one.
func (e *endpoint) link(exchange context.Context, terms *tls.Config) (link, error) {
	ctx, cancel := context.WithCancelCause(exchange)
	defer cancel(nil)
	leave := e.dials.join(func() { cancel(errRetired) })
	defer leave()
	if e.retired.Load() {
		return link{}, errRetired
	}
	l, err := e.connect(ctx, terms)
	// An endpoint that retired may have resumed by now.
	if gaveUp := context.Cause(ctx) == errRetired; gaveUp || e.retired.Load() {
		if err == nil {
			_ = l.Close()
		}
		return link{}, errRetired
	}
	return l, err
}

func (e *endpoint) connect(ctx context.Context, terms *tls.Config) (link, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", e.text)
	if err != nil {
		return link{}, err
	}
	l, err := e.secure(ctx, conn.(*net.TCPConn), terms)
	if err != nil {
		_ = conn.Close()
	}
	return l, err
}

// secure goes through the TLS handshake, where there is one.
func (e *endpoint) secure(ctx context.Context, tcp *net.TCPConn, terms *tls.Config) (link, error) {
	t, err := transport.NewTCP(tcp, e.config.clock, 0)
	if err != nil {
		return link{}, err
	}
	if terms == nil {
		return link{transport: t}, nil
	}
	secure, err := transport.SecureClient(ctx, t, terms)
	if err != nil {
		return link{}, &handshakeError{err}
	}
	return link{t, secure}, nil
}

// newSole returns a connection for HTTP/1.1.
func (e *endpoint) newSole(l link) *upstreamConn {
	c := &upstreamConn{ClientConn: http1.NewClientConn(l.stream(), &e.config.http1), link: l, endpoint: e}
	c.heads = e.config.heads.Share(c, headmemory.PerEndpoint)
	c.Hold(&c.heads)
	return c
}
