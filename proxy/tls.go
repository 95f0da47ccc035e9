// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/warren-dev/ingress/proxy/transport"
)

// handshakeTimeout bounds the whole of a TLS handshake.
const handshakeTimeout = 10 * time.Second

func (p *Proxy) newTLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{transport.ProtocolHTTP2, transport.ProtocolHTTP1},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			return p.generation.Load().challenges.handshake(hello), nil
		},
		// One configuration serves all generations, so that session tickets outlive each of them.
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return p.generation.Load().certificates.find(hello), nil
		},
		WrapSession:   p.sealSession,
		UnwrapSession: p.openSession,
		// Small records first save a client some latency and cost the proxy a write each; a response's head and first content
		// leave in one.
		DynamicRecordSizingDisabled: true,
	}
}

// errChallengeAnswered ends a connection whose handshake was all that the client wanted.
var errChallengeAnswered = errors.New("a challenge was answered")

// handshake makes a TLS stream of a connection.
func (p *Proxy) handshake(t *transport.TCP) (*transport.TLS, error) {
	t.ExpireAfter(handshakeTimeout)
	began := p.clock.Now()
	secured, err := transport.SecureServer(context.Background(), t, p.tls)
	if err != nil {
		p.metrics.failedHandshakes.Add(1)
		return nil, err
	}
	p.metrics.handshakes.observe(&latencyBounds, p.clock.Now()-began)
	if secured.Protocol == protocolACME {
		_ = secured.Conn.CloseWrite() // no application data follows (RFC 8737, section 3)
		return nil, errChallengeAnswered
	}
	t.StallAfter(p.config.IdleTimeout)
	secured.BoundRecords(p.config.ReadTimeout)
	return secured, nil
}
