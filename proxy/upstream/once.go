// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"crypto/tls"
	"net"
)

// Once begins the only exchange on a connection that the caller made, as for a health check. Terms are those of TLS, or
// nil. Without TLS, h2c says that HTTP/2 is spoken. The end of ctx makes every wait fail.
//
// Without an error, the caller has to call end. When end returns, none of our goroutines uses the connection any more,
// and it is closed. After an error, the caller closes it.
func (d *Dialer) Once(ctx context.Context, tcp *net.TCPConn, terms *tls.Config, h2c bool) (up Exchange, end func(), err error) {
	// Nothing else uses the connection, and nothing of it is kept.
	e := &Endpoint{text: tcp.RemoteAddr().String(), dialer: d, tls: terms, h2c: h2c && terms == nil}
	l, err := e.handshake(ctx, tcp, terms)
	if err != nil {
		return nil, nil, err
	}
	// The end of ctx also stops an endpoint that does not let the connection end in order.
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

// begin begins HTTP/2 on a connection, with its only exchange. ended waits for the connection's end, which comes once
// the exchange has ended.
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
