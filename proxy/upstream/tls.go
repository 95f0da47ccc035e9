// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/transport"
)

// parsedTerms are terms whose authorities were parsed, nil where they are the system's.
type parsedTerms struct {
	serverName  string
	authorities *x509.CertPool
	skipVerify  bool
}

// TLS is what comes of [Terms]. Endpoints are told apart by it: no request goes over a connection that was made under
// other terms than its own.
type TLS struct{ config *tls.Config }

func newTLS(u *parsedTerms) *TLS {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{transport.ProtocolHTTP2, transport.ProtocolHTTP1},
		ServerName: u.serverName,
		// As towards clients: a request's head and first content leave in one record.
		DynamicRecordSizingDisabled: true,
		InsecureSkipVerify:          u.skipVerify, // which takes an explicit field of the Ingress, and is told there
		RootCAs:                     u.authorities,
	}
	return &TLS{config}
}

// forEndpoint returns the configuration of the connections to one endpoint, which share a session: of those on which
// the endpoint chooses what is spoken, and of those on which it is HTTP/1.1.
func (u *TLS) forEndpoint() (negotiating, http1 *tls.Config) {
	negotiating = u.config.Clone()
	negotiating.ClientSessionCache = new(lastSession)
	http1 = negotiating.Clone()
	http1.NextProtos = []string{transport.ProtocolHTTP1}
	return negotiating, http1
}

// lastSession is the session that an endpoint gave last, for its next connection to resume. A cache by name would have
// all endpoints of a pool at one place in it, and one's sessions mean nothing to another.
type lastSession struct {
	session atomic.Pointer[tls.ClientSessionState]
}

// Get implements tls.ClientSessionCache.
func (s *lastSession) Get(string) (*tls.ClientSessionState, bool) {
	session := s.session.Load()
	return session, session != nil
}

// Put implements tls.ClientSessionCache.
func (s *lastSession) Put(_ string, session *tls.ClientSessionState) { s.session.Store(session) }
