// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"crypto/tls"
	"net"
)

// Once begins the only exchange of a connection that somebody else made, as a health check does. Terms are those of
// TLS, nil where there is none; without TLS, h2c says that HTTP/2 is spoken. The end of ctx fails every wait.
//
// End has to be called where there is no error. When it returns, nothing of ours is on the connection any more, and the
// connection is closed. Where there is an error, closing it is left to who made it.
func (d *Dialer) Once(ctx context.Context, tcp *net.TCPConn, terms *tls.Config, h2c bool) (up Exchange, end func(), err error) {
	// Nothing else uses the connection, and nothing of it is kept.
	e := &Endpoint{text: tcp.RemoteAddr().String(), dialer: d, tls: terms, h2c: h2c && terms == nil}
	l, err := e.handshake(ctx, tcp, terms)
	if err != nil {
		return nil, nil, err
	}
	// It closes what an endpoint does that does not let the connection end in order, too.
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	up, ended := Exchange(nil), func() {}
	if e.chose(l) {
		up, ended = e.begin(l)
	} else {
		up = e.newSole(l)
	}
	return up, func() {
		up.EndExchange(false, 0, d.clock.Now())
		ended()
		stop()
		e.Retire()
	}, nil
}

// begin begins HTTP/2 on a connection, with the one exchange that will be on it. Ended waits for the connection's end,
// which comes once there is no exchange.
func (e *Endpoint) begin(l link) (stream *Stream, ended func()) {
	conn := newSharedConn(l, e)
	stream = &Stream{ClientStream: conn.Open(), conn: conn} // nobody reads yet what could forbid it
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn.serve()
	}()
	return stream, func() {
		conn.Drain()
		<-served
	}
}
