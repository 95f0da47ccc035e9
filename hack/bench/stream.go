// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// stream is a connection of the load, plain or TLS, on a socket that does not block. Its methods return errAgain if the
// socket is not ready.
type stream interface {
	read(p []byte) (int, error)
	write(p []byte) (int, error)
	// discard takes up to n bytes of what there is to read.
	discard(n int) (int, error)
}

// plainStream is a stream without TLS.
type plainStream struct{ fd int }

func (s plainStream) read(p []byte) (int, error)  { return readSocket(s.fd, p) }
func (s plainStream) write(p []byte) (int, error) { return writeSocket(s.fd, p) }
func (s plainStream) discard(n int) (int, error)  { return discardSocket(s.fd, n) }

// tlsStream is TLS over a socket. crypto/tls can go on after a read that found nothing, but not after a write that
// found no room. So such a stream is for requests that fit into any socket's buffer.
type tlsStream struct {
	connection *tls.Conn
	scratch    []byte
}

func (s *tlsStream) read(p []byte) (int, error) {
	n, err := s.connection.Read(p)
	if errors.As(err, new(notReady)) {
		return n, errAgain
	}
	return n, err
}

func (s *tlsStream) write(p []byte) (int, error) {
	n, err := s.connection.Write(p)
	if errors.As(err, new(notReady)) {
		return n, errors.New("a request is too large to be written to a TLS connection at once")
	}
	return n, err
}

func (s *tlsStream) discard(n int) (int, error) {
	return s.read(s.scratch[:min(n, len(s.scratch))])
}

// connectTLS makes a TLS connection over a connected socket that still blocks. After that, the socket does not block.
func connectTLS(fd int, config *tls.Config, scratch []byte) (*tlsStream, error) {
	connection := tls.Client(socketConn{fd}, config)
	if err := connection.Handshake(); err != nil {
		return nil, fmt.Errorf("agreeing on TLS: %w", err)
	}
	if err := unblock(fd); err != nil {
		return nil, fmt.Errorf("agreeing on TLS: %w", err)
	}
	return &tlsStream{connection: connection, scratch: scratch}, nil
}

// clientTLS returns what the client asks of every proxy, so that all do the same arithmetic: TLS 1.3, X25519 and, as
// their configurations prefer, AES-128-GCM. Only some would know a newer key exchange. Nothing is resumed.
func clientTLS(serverName string) *tls.Config {
	return &tls.Config{
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519},
		ServerName:       serverName,
		// The check before the measurement verifies the certificate. Here it would cost the load one more signature.
		InsecureSkipVerify: true,
		NextProtos:         []string{"http/1.1"},
	}
}

// socketConn lets crypto/tls use a socket. It has no deadlines.
type socketConn struct{ fd int }

// notReady is an error that crypto/tls takes for temporary.
type notReady struct{}

func (notReady) Error() string   { return errAgain.Error() }
func (notReady) Timeout() bool   { return true }
func (notReady) Temporary() bool { return true }

func (c socketConn) Read(p []byte) (int, error) {
	n, err := readSocket(c.fd, p)
	if errors.Is(err, errAgain) {
		return 0, notReady{}
	}
	return n, err
}

func (c socketConn) Write(p []byte) (int, error) {
	n, err := writeSocket(c.fd, p)
	switch {
	case errors.Is(err, errAgain):
		return 0, notReady{}
	case err != nil:
		return n, err
	case n < len(p):
		return n, io.ErrShortWrite
	}
	return n, nil
}

func (c socketConn) Close() error                     { return unix.Close(c.fd) }
func (c socketConn) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(netip.AddrPort{}) }
func (c socketConn) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(netip.AddrPort{}) }
func (c socketConn) SetDeadline(time.Time) error      { return nil }
func (c socketConn) SetReadDeadline(time.Time) error  { return nil }
func (c socketConn) SetWriteDeadline(time.Time) error { return nil }
