// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/proxyprotocol"
	"github.com/warren-dev/ingress/proxy/transport"
)

// proxyHeaderTimeout bounds the arrival of a PROXY header. A proxy sends it before anything else.
const proxyHeaderTimeout = 5 * time.Second

var errConnectionsMany = errors.New("there are as many connections as there may be")

// arrival is a connection from its first byte until it is known what it speaks. In between are the PROXY header and the
// TLS handshake.
type arrival struct {
	*link
	// over is set once it is known what the connection speaks, or once it was closed.
	over atomic.Bool
}

// accept serves a connection until its end.
func (s *Server) accept(tcp *net.TCPConn, from *listener) {
	l := &link{from: from, server: s, number: s.accepted.Add(1), came: s.engine.Clock.Now()}
	if !s.places.take(&l.place, addressOf(tcp)) && !l.exceed() {
		_ = tcp.SetLinger(0)
		_ = tcp.Close()
		l.leave()
		return
	}
	a := &arrival{link: l}
	if serve := a.settle(tcp); serve != nil {
		serve()
	}
}

// settle finds out what a connection speaks. It returns what serves the connection to its end, or nil if it has ended.
func (a *arrival) settle(tcp *net.TCPConn) (serve func()) {
	defer func() {
		if a.contain(recover()) {
			_ = tcp.Close()
			serve = nil
		}
		if serve == nil {
			a.leave()
		}
	}()
	t, err := transport.NewTCP(tcp, a.server.engine.Clock, a.server.config.WriteTimeout)
	if err != nil {
		_ = tcp.Close()
		return nil
	}
	a.transport, a.carrier = t, t
	a.enter(a)
	if a.over.Load() {
		return nil // whoever drains has closed it
	}
	peer, port, err := a.peer(tcp)
	if err != nil {
		a.closed(err)
		t.Reset()
		return nil
	}
	protocol := transport.ProtocolHTTP1
	secure := a.from.tls != nil
	a.origin = a.server.engine.Trusted.Origin(peer, secure, port)
	a.origin.Listener = a.from.number
	if secure {
		if protocol, err = a.secure(); err != nil {
			a.closed(err)
			_ = t.Close()
			return nil
		}
	}
	switch {
	case !a.over.CompareAndSwap(false, true):
		return nil // a drain has closed it
	case protocol == transport.ProtocolHTTP2:
		return a.speakHTTP2(nil)
	}
	return a.speakHTTP1()
}

// peer returns the address that a connection comes from. With the PROXY protocol, a trusted proxy has to send a header,
// and peer returns the address that the header names, and the port that it says that address connected to.
func (a *arrival) peer(tcp *net.TCPConn) (address netip.Addr, port uint16, err error) {
	if address = addressOf(tcp); !address.IsValid() {
		return address, 0, net.ErrClosed
	}
	if !a.server.config.ProxyProtocol || !a.server.engine.Trusted.Has(address) {
		return address, 0, nil
	}
	a.transport.ExpireAfter(proxyHeaderTimeout)
	header, err := proxyprotocol.Read(a.transport)
	if err != nil || !header.Source.IsValid() {
		return address, 0, err
	}
	source := header.Source.Unmap()
	if !a.excess && !a.server.places.move(&a.place, source) && !a.exceed() {
		return source, 0, errConnectionsMany
	}
	return source, header.Port, nil
}

// addressOf returns the address that a connection comes from.
func addressOf(tcp *net.TCPConn) netip.Addr {
	remote, ok := tcp.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return remote.AddrPort().Addr().Unmap().WithZone("")
}

// secure puts TLS over the connection, and notes in its origin under which terms. It returns what is spoken over it.
func (a *arrival) secure() (protocol string, err error) {
	if a.excess {
		return "", errConnectionsMany // saying so in TLS would cost more than serving it
	}
	secured, err := a.server.handshake(a.transport, a.from.tls)
	if err != nil {
		return "", err
	}
	a.carrier = secured
	a.origin.TLSVersion = strings.TrimPrefix(tls.VersionName(secured.Version), "TLS ")
	a.origin.ServerName, a.origin.Proven = identity.ServerName(secured.ServerName), secured.Terms
	if secured.Terms != "" {
		state := secured.ConnectionState()
		if a.origin.Listener == 0 {
			a.origin.Shown = clientcert.NewShown(state.PeerCertificates)
		}
		a.origin.ProvenUntil = identity.ProvenUntil(state.VerifiedChains)
	}
	return secured.Protocol, nil
}

// Announce implements Conn. A connection without a request is told nothing.
func (a *arrival) Announce() {}

// CloseIdle implements Conn.
func (a *arrival) CloseIdle() {
	if a.over.CompareAndSwap(false, true) {
		a.close(false)
	}
}

// Abort implements Conn. What was an arrival may be a connection of HTTP by now.
func (a *arrival) Abort() {
	if c := a.current(); c != Conn(a) {
		c.Abort()
		return
	}
	a.close(true)
}

// Watch implements Conn. All that an arrival waits for has a time limit.
func (a *arrival) Watch(time.Duration) (rested bool) { return false }

// Running implements Conn.
func (a *arrival) Running() int { return 0 }

// IdleSince implements Conn. A client that has sent no request yet is idle, whatever else it sends.
func (a *arrival) IdleSince() (since time.Duration, idle bool) { return a.came, !a.over.Load() }

// Yield implements Conn.
func (a *arrival) Yield(time.Duration) bool {
	if !a.over.CompareAndSwap(false, true) {
		return false
	}
	a.close(false)
	return true
}
