// SPDX-License-Identifier: Apache-2.0

package tlsterms

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/transport"
)

// parsedTerms are [Terms] with parsed authorities. Nil authorities are the system's.
type parsedTerms struct {
	serverName  string
	fromRequest bool
	authorities *x509.CertPool
	skipVerify  bool
	obsolete    bool
	// altNames, clientChain and clientKey are as in [Terms].
	altNames, clientChain, clientKey string
}

// TLS is made from [Terms]. It is part of what tells endpoints apart, so that no request goes over a connection that
// was made under other terms.
type TLS struct {
	config *tls.Config
	// fromRequest is set if the host of a request is the server name that it goes under.
	fromRequest bool
}

func newTLS(u *parsedTerms) (*TLS, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{transport.ProtocolHTTP2, transport.ProtocolHTTP1},
		ServerName: u.serverName,
		// As towards clients: a request's head and first content leave in one record.
		DynamicRecordSizingDisabled: true,
		InsecureSkipVerify:          u.skipVerify, // only an explicit field of the Ingress sets it, and says what it means
		RootCAs:                     u.authorities,
	}
	if u.obsolete {
		AllowObsolete(config)
	}
	if u.altNames != "" && !u.skipVerify {
		verifyAltNames(config, strings.Fields(u.altNames))
	}
	if u.clientChain != "" {
		shown, err := tls.X509KeyPair([]byte(u.clientChain), []byte(u.clientKey))
		if err != nil {
			return nil, fmt.Errorf("the certificate for endpoints: %w", err)
		}
		// Whatever authorities the endpoint names: it says itself why it refuses a certificate.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &shown, nil }
	}
	return &TLS{config, u.fromRequest}, nil
}

// FollowsRequest says whether the host of a request is the server name that it goes under.
func (u *TLS) FollowsRequest() bool { return u.fromRequest }

// AllowObsolete lets connections use versions before TLS 1.2, and cipher suites that are no longer thought secure.
func AllowObsolete(config *tls.Config) {
	config.MinVersion, config.CipherSuites = tls.VersionTLS10, obsoleteSuites
}

// obsoleteSuites are all cipher suites but those with RC4, which no client may offer (RFC 7465).
var obsoleteSuites = func() (ids []uint16) {
	for _, suites := range [...][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, s := range suites {
			if !strings.Contains(s.Name, "RC4") {
				ids = append(ids, s.ID)
			}
		}
	}
	return ids
}()

// ForEndpoint returns the configurations of the connections to one endpoint under a server name. An empty one stands
// for the name of the terms. With the first, the endpoint chooses the protocol. The second offers HTTP/1.1 alone. Both
// share a session.
func (u *TLS) ForEndpoint(name string) (negotiating, http1 *tls.Config) {
	negotiating = u.config.Clone()
	if name != "" {
		negotiating.ServerName = name
	}
	negotiating.ClientSessionCache = new(lastSession)
	http1 = negotiating.Clone()
	http1.NextProtos = []string{transport.ProtocolHTTP1}
	return negotiating, http1
}

// lastSession has the session that an endpoint gave last. Its next connection resumes it. A cache by name would have
// one place for all endpoints of a pool, and the session of one means nothing to another.
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
