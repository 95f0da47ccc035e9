// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/transport"
)

// handshakeTimeout bounds the whole of a TLS handshake.
const handshakeTimeout = 10 * time.Second

// errChallengeAnswered ends a connection whose client wanted nothing but the handshake.
var errChallengeAnswered = errors.New("a challenge was answered")

// handshake goes through the TLS handshake on a connection and returns the stream.
func (s *Server) handshake(t *transport.TCP, config *tls.Config) (*transport.TLS, error) {
	t.ExpireAfter(handshakeTimeout)
	began := s.engine.Clock.Now()
	secured, err := transport.SecureServer(context.Background(), t, config)
	if err != nil {
		why := transport.OtherFault
		if failed, ok := errors.AsType[*transport.HandshakeError](err); ok {
			why = failed.Fault
		}
		s.engine.Metrics.HandshakeFailed(why)
		return nil, err
	}
	s.engine.Metrics.HandshakeSucceeded(s.engine.Clock.Now() - began)
	if secured.Protocol == identity.ProtocolACME {
		_ = secured.Conn.CloseWrite() // no application data follows (RFC 8737, section 3)
		return nil, errChallengeAnswered
	}
	t.StallAfter(s.config.IdleTimeout)
	secured.BoundRecords(s.config.ReadTimeout)
	return secured, nil
}
