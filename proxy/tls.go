package proxy

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/warren-dev/ingress/proxy/http1"
)

// handshakeTimeout bounds the whole of a TLS handshake.
const handshakeTimeout = 10 * time.Second

func (p *Proxy) newTLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		// One configuration serves all generations, so that session tickets outlive each of them.
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return p.generation.Load().certificates.find(hello), nil
		},
		// Small records first save a client some latency and cost the proxy a write each; a response's head and first content
		// leave in one.
		DynamicRecordSizingDisabled: true,
	}
}

// handshake makes a TLS stream of a connection.
func (p *Proxy) handshake(t *transport) (http1.Transport, error) {
	t.ExpireAfter(handshakeTimeout)
	c := tls.Server(netConn{t}, p.tls)
	if err := c.HandshakeContext(context.Background()); err != nil {
		return nil, err
	}
	t.StallAfter(p.config.IdleTimeout)
	return &tlsTransport{Conn: c, below: t}, nil
}
