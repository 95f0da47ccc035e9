// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// HandshakeFault is why a handshake with a client failed.
type HandshakeFault uint8

// Most faults have an alert of their own, which the client gets (RFC 8446, section 6.2).
const (
	// OtherFault is none of the following.
	OtherFault HandshakeFault = iota
	// NotTLS: what came is no TLS, plain HTTP for one.
	NotTLS
	// MalformedHello: the client's first message cannot be read. A server name with a dot at its end is a reason.
	MalformedHello
	// UnknownName: there is no certificate for the name.
	UnknownName
	// NoCommonVersion: the client speaks no version of TLS from 1.2 on.
	NoCommonVersion
	// NoCommonCipher: the client offers no cipher suite, key exchange or signature that can be used.
	NoCommonCipher
	// NoCommonProtocol: the client offers protocols, but neither HTTP/2 nor HTTP/1.
	NoCommonProtocol
	// ClientCertificate: the client has shown no certificate, or one that does not lead to an authority that is trusted.
	ClientCertificate
	// RefusedByClient: the client sent an alert. It does not trust the certificate, for one.
	RefusedByClient
	// ClosedByClient: the connection ended.
	ClosedByClient
	// HandshakeTimeout: the client took too long.
	HandshakeTimeout
	// HandshakeFaults is how many faults there are.
	HandshakeFaults
)

var handshakeFaultNames = [HandshakeFaults]string{
	"Other", "NotTLS", "MalformedHello", "UnknownName", "NoCommonVersion", "NoCommonCipher", "NoCommonProtocol",
	"ClientCertificate", "RefusedByClient", "ClosedByClient", "Timeout",
}

func (f HandshakeFault) String() string { return handshakeFaultNames[f] }

// HandshakeError is a failed handshake with a client.
type HandshakeError struct {
	Fault HandshakeFault
	Cause error
}

func (e *HandshakeError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *HandshakeError) Unwrap() error { return e.Cause }

// The alerts that a server sends in answer to a client's first message (RFC 8446, section 6; RFC 7301, section 3.2).
const (
	alertUnexpectedMessage     = 10
	alertHandshakeFailure      = 40
	alertIllegalParameter      = 47
	alertDecodeError           = 50
	alertProtocolVersion       = 70
	alertInsufficientSecurity  = 71
	alertMissingExtension      = 109
	alertUnrecognizedName      = 112
	alertNoApplicationProtocol = 120
)

// handshakeFault returns why a handshake failed. alert is what was sent to the client, 0 if nothing was: crypto/tls has
// no other word for most of its errors than their text.
func handshakeFault(err error, alert uint8) HandshakeFault {
	_, foreign := errors.AsType[tls.RecordHeaderError](err)
	remote, _ := errors.AsType[*net.OpError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return HandshakeTimeout
	case foreign:
		return NotTLS
	case untrusted, err.Error() == "tls: client didn't provide a certificate":
		return ClientCertificate
	case remote != nil && remote.Op == "remote error":
		return RefusedByClient
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ClosedByClient
	}
	switch alert {
	case alertUnexpectedMessage, alertIllegalParameter, alertDecodeError, alertMissingExtension:
		return MalformedHello
	case alertUnrecognizedName:
		return UnknownName
	case alertProtocolVersion:
		return NoCommonVersion
	case alertHandshakeFailure, alertInsufficientSecurity:
		return NoCommonCipher
	case alertNoApplicationProtocol:
		return NoCommonProtocol
	}
	return OtherFault
}

// notedConn is a tailedConn on which it is noted what a handshake comes to.
type notedConn struct {
	tailedConn
	*notes
}

type notes struct {
	// alert is the alert with which the handshake ends, 0 if there is none.
	alert uint8
	// terms is what NoteTerms was called with.
	terms string
}

// NoteTerms notes under which terms the handshake is made. See [TLS.Terms].
func (n *notes) NoteTerms(terms string) { n.terms = terms }

// Who signs for a handshake asks whether its client is still there.
var _ interface{ Peer() Peer } = notedConn{}

// recordTypeAlert is the first byte of a record with an alert, and alertRecord the length of such a record before there
// are keys (RFC 8446, section 5.1).
const (
	recordTypeAlert = 21
	alertRecord     = 7
)

func (c notedConn) Write(p []byte) (int, error) {
	if len(p) == alertRecord && p[0] == recordTypeAlert {
		c.alert = p[alertRecord-1]
	}
	return c.tailedConn.Write(p)
}
