// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/warren-dev/ingress/proxy/transport"
)

// ErrRetired ends the making of a connection if the endpoint retires meanwhile. After a Pod has gone, nothing at its
// address may ever refuse the connection.
var ErrRetired = errors.New("the endpoint takes no more requests")

// Demand is what an exchange wants of a connection.
type Demand struct {
	// Timeout bounds the making of a new connection. 0 is no bound.
	Timeout time.Duration
	// Sole demands a connection that nobody shares. It is one of HTTP/1.1, or one of HTTP/2 if the endpoint speaks nothing
	// else. Upgrade demands a connection that can become a tunnel, which only one of HTTP/1.1 can. It goes with Sole.
	Sole, Upgrade bool
	// Stream is where the exchange's stream goes if many share the connection.
	Stream *Stream
	// Logins are the connections that the client is logged in on. Nil if none are kept.
	Logins *Logins
	// Shard is the shard to look at first for an idle connection.
	Shard uint32
	// Once is set for a request that must not be sent twice. It keeps to connections that the endpoint surely keeps.
	Once bool
	// Limited is set if the endpoint's connections are limited. Then none is made while one rests.
	Limited bool
	// Now is the time of the clock that [Endpoint.Expire] goes by.
	Now time.Duration
}

// Dial makes a connection, or waits for one that others wait for too. The wait ends when the context ends or
// the endpoint retires.
func (e *Endpoint) Dial(ctx context.Context, d Demand) (Exchange, error) {
	if d.Timeout > 0 {
		bounded, stop := context.WithTimeout(ctx, d.Timeout)
		defer stop()
		ctx = bounded
	}
	switch {
	case d.Sole && !e.h2c:
		return e.dialSole(ctx, d)
	case d.Sole:
		l, err := e.link(ctx, nil)
		if err != nil {
			return nil, err
		}
		return e.dialPrivate(l, d.Stream)
	case e.mayShare():
		return e.share(ctx, d.Stream)
	}
	return e.dialAlone(ctx, d.Stream)
}

// dialSole makes a connection of HTTP/1.1. Some endpoints refuse a TLS handshake that offers HTTP/1.1 alone. For them
// it makes a private connection of HTTP/2, except for an upgrade.
func (e *Endpoint) dialSole(ctx context.Context, d Demand) (Exchange, error) {
	l, err := e.link(ctx, e.tlsHTTP1)
	if !d.Upgrade && refusesProtocols(err) {
		if l, err = e.link(ctx, e.tls); err == nil && e.chose(l) {
			return e.dialPrivate(l, d.Stream)
		}
	}
	if err != nil {
		return nil, err
	}
	return e.newSole(l), nil
}

// dialAlone makes a connection for one exchange. If it turns out to be one of HTTP/2, others share it too.
func (e *Endpoint) dialAlone(ctx context.Context, stream *Stream) (Exchange, error) {
	l, err := e.link(ctx, e.tls)
	if err != nil {
		return nil, err
	}
	return e.speak(l, stream)
}

// speak begins HTTP on a connection.
func (e *Endpoint) speak(l link, stream *Stream) (Exchange, error) {
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

// link makes a connection and goes through the TLS handshake, if there is one.
func (e *Endpoint) link(waiter context.Context, terms *tls.Config) (link, error) {
	ctx, cancel := context.WithCancelCause(waiter)
	defer cancel(nil)
	leave := e.dials.join(func() { cancel(ErrRetired) })
	defer leave()
	if e.retired.Load() {
		return link{}, ErrRetired
	}
	l, err := e.connect(ctx, terms)
	// An endpoint that retired may have resumed by now.
	if gaveUp := context.Cause(ctx) == ErrRetired; gaveUp || e.retired.Load() {
		if err == nil {
			_ = l.Close()
		}
		return link{}, ErrRetired
	}
	return l, err
}

func (e *Endpoint) connect(ctx context.Context, terms *tls.Config) (link, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", e.text)
	if err != nil {
		return link{}, err
	}
	l, err := e.handshake(ctx, conn.(*net.TCPConn), terms)
	if err != nil {
		_ = conn.Close()
	}
	return l, err
}

// handshake goes through the TLS handshake. Without terms there is none.
func (e *Endpoint) handshake(ctx context.Context, tcp *net.TCPConn, terms *tls.Config) (link, error) {
	t, err := transport.NewTCP(tcp, e.dialer.clock, 0)
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
	e.part.proved()
	return link{t, secure}, nil
}
