package proxy

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/warren-dev/ingress/proxy/http1"
)

// handshakeTimeout bounds the whole of a TLS handshake.
const handshakeTimeout = 10 * time.Second

func newTLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		// No certificate and no error makes crypto/tls send the unrecognized_name alert (RFC 6066, section 3).
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil },
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
