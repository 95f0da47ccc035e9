// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/tls"

	"github.com/warren-dev/ingress/proxy/transport"
)

// server is what handshakes of clients go by.
type server struct {
	config  *tls.Config
	current func() *Set
}

// ServerConfig returns the configuration for handshakes with clients. Each asks current for the set that is served
// then: one configuration outlives all of them, and session tickets with it.
func ServerConfig(current func() *Set) *tls.Config {
	s := &server{current: current}
	s.config = &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{transport.ProtocolHTTP2, transport.ProtocolHTTP1},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			return current().Handshake(hello), nil
		},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return current().Certificate(hello), nil
		},
		WrapSession:   s.seal,
		UnwrapSession: s.open,
		// Small records first save a client some latency and cost the proxy a write each; a response's head and first content
		// leave in one.
		DynamicRecordSizingDisabled: true,
	}
	return s.config
}
