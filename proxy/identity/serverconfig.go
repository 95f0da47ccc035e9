// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/tls"

	"github.com/warren-dev/ingress/proxy/transport"
)

// server decides about the handshakes of clients.
type server struct {
	config *tls.Config
	// keys is the configuration that has the keys of session tickets.
	keys *tls.Config
	// scope begins the names in session tickets, so that no session is resumed elsewhere than where it was made.
	scope   string
	current func() *Set
	// clients is what clients have to prove. Nil for nothing.
	clients *Clients
}

// ServerConfig returns the configuration for handshakes with clients. Each handshake asks current for the set that is
// served then. One configuration outlives all sets, and session tickets outlive them with it. A ticket is good for the
// configurations of its own scope alone, which have their keys in common.
func ServerConfig(scope string, current func() *Set) *tls.Config {
	s := &server{scope: scope, current: current}
	s.config = &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{transport.ProtocolHTTP2, transport.ProtocolHTTP1, transport.ProtocolHTTP10},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			set := current()
			if challenge := set.Handshake(hello); challenge != nil {
				return challenge, nil // authorities have no certificate to show
			}
			if clients := set.clients(hello.ServerName); clients != nil {
				return s.asking(clients, hello), nil
			}
			return nil, nil
		},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return forClient(current().Certificate(hello), hello.Conn), nil
		},
		WrapSession:   s.seal,
		UnwrapSession: s.open,
		// Small records first would save a client some latency, and cost the proxy a write each. As it is, a response's head
		// and first content leave in one.
		DynamicRecordSizingDisabled: true,
	}
	s.keys = s.config
	return s.config
}

// asking returns the configuration for a handshake in which the client is asked for a certificate. It notes that on the
// connection.
func (s *server) asking(clients *Clients, hello *tls.ClientHelloInfo) *tls.Config {
	if c, ok := hello.Conn.(interface{ NoteTerms(string) }); ok {
		c.NoteTerms(clients.id)
	}
	asking := &server{config: s.config.Clone(), keys: s.keys, scope: s.scope, current: s.current, clients: clients}
	asking.config.GetConfigForClient = nil
	asking.config.WrapSession, asking.config.UnwrapSession = asking.seal, asking.open
	asking.config.ClientCAs, asking.config.ClientAuth = clients.authorities, tls.RequireAndVerifyClientCert
	if clients.optional {
		asking.config.ClientAuth = tls.RequestClientCert
	}
	return asking.config
}
