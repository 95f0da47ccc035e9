// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
)

// handshakeError is why the TLS handshake failed on a connection that the endpoint had accepted.
type handshakeError struct{ cause error }

func (e *handshakeError) Error() string { return "TLS handshake: " + e.cause.Error() }
func (e *handshakeError) Unwrap() error { return e.cause }

// IsTLSFault says whether TLS failed, and not the connection below. With TLS 1.3 a client learns only at its first read
// whether the server wants a certificate from it.
func IsTLSFault(err error) bool {
	if alert, ok := errors.AsType[*net.OpError](err); ok && (alert.Op == tlsRemoteError || alert.Op == tlsLocalError) {
		return true
	}
	_, handshake := errors.AsType[*handshakeError](err)
	_, header := errors.AsType[tls.RecordHeaderError](err)
	return handshake || header
}

// crypto/tls gives these operations to the alerts that it receives and sends.
const (
	tlsRemoteError = "remote error"
	tlsLocalError  = "local error"
)

// refusesProtocols says whether the endpoint ended a handshake because it speaks none of the offered protocols (RFC
// 7301, section 3.2). crypto/tls gives an alert no other form than its text.
func refusesProtocols(err error) bool {
	alert, ok := errors.AsType[*net.OpError](err)
	return ok && alert.Op == tlsRemoteError && alert.Err.Error() == "tls: no application protocol"
}

// DescribeTLSFault tells a client why TLS failed. It names nothing of the endpoint. The detail is empty if nothing more
// is known. untrusted says that the endpoint's certificate was refused.
func DescribeTLSFault(err error) (detail string, untrusted bool) {
	if refused, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificateFault(refused.Err), true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the service does not speak TLS at this port", false
	}
	if alert, ok := errors.AsType[*net.OpError](err); ok && alert.Op == tlsRemoteError {
		why := strings.TrimPrefix(alert.Err.Error(), "tls: ")
		switch why {
		case "handshake failure", "protocol version not supported", "insufficient security level":
			why += "; it may know obsolete versions or cipher suites of TLS alone"
		}
		return "the service refused the TLS connection: " + why, false
	}
	if failed, ok := errors.AsType[*handshakeError](err); ok {
		// Others of its errors name addresses.
		if why, ok := strings.CutPrefix(failed.cause.Error(), "tls: "); ok {
			return "TLS with the service failed: " + why, false
		}
	}
	return "", false
}

func certificateFault(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the service's certificate is not for the name that the rule expects"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the service's certificate comes from no authority that the rule trusts"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "the service's certificate has expired or is not valid yet"
	}
	return "the service's certificate is not valid"
}
