// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

const (
	// ChallengePath is how the paths of HTTP-01 challenges begin (RFC 8555, section 8.3). The token follows.
	ChallengePath = "/.well-known/acme-challenge/"
	// ProtocolACME is the protocol of a handshake for a TLS-ALPN-01 challenge (RFC 8737, section 3).
	ProtocolACME = "acme-tls/1"
)

// challenges finds the answers to challenges. It is immutable.
type challenges struct {
	// http has the key authorizations that are served over plain HTTP.
	http map[httpChallenge]string
	// alpn has configurations by host.
	alpn map[string]*tls.Config
	// answers has the same configurations by what they are made from.
	answers map[alpnChallenge]*tls.Config
}

type httpChallenge struct{ host, token string }

// alpnChallenge is what the certificate for a TLS-ALPN-01 challenge is made from.
type alpnChallenge struct{ host, keyAuthorization string }

// compileChallenges makes the answers of a snapshot. It takes those from before that are the same.
func compileChallenges(list []snapshot.Challenge, before *challenges) (challenges, error) {
	var c challenges
	for i := range list {
		switch ch := &list[i]; ch.Type {
		case snapshot.ChallengeHTTP01:
			if c.http == nil {
				c.http = make(map[httpChallenge]string)
			}
			c.http[httpChallenge{ch.Host, ch.Token}] = ch.KeyAuthorization
		case snapshot.ChallengeTLSALPN01:
			if c.alpn[ch.Host] != nil {
				continue
			}
			id := alpnChallenge{ch.Host, ch.KeyAuthorization}
			config := before.answers[id]
			if config == nil {
				var err error
				if config, err = answerALPN(id); err != nil {
					return c, fmt.Errorf("the challenge for %q: %w", ch.Host, err)
				}
			}
			if c.alpn == nil {
				c.alpn, c.answers = make(map[string]*tls.Config), make(map[alpnChallenge]*tls.Config)
			}
			c.alpn[ch.Host], c.answers[id] = config, config
		}
	}
	return c, nil
}

// find returns the key authorization that answers a request for the host and the path. It returns "" if there is none.
func (c *challenges) find(method, host, path []byte) string {
	token, ok := bytes.CutPrefix(path, []byte(ChallengePath))
	if !ok || string(method) != "GET" && string(method) != "HEAD" {
		return ""
	}
	return c.http[httpChallenge{string(host), string(token)}]
}

// WithoutToken returns a path that may be written down. It cuts off the token of a challenge.
func WithoutToken(path []byte) []byte {
	if len(path) > len(ChallengePath) && string(path[:len(ChallengePath)]) == ChallengePath {
		return path[:len(ChallengePath)]
	}
	return path
}

// handshake returns the configuration that answers a handshake if that is a challenge, and nil otherwise. Only an
// authority offers that protocol alone. A client that offers another one too does not ask for a challenge (RFC 8737,
// section 3).
func (c *challenges) handshake(hello *tls.ClientHelloInfo) *tls.Config {
	if len(c.alpn) == 0 || len(hello.SupportedProtos) != 1 || hello.SupportedProtos[0] != ProtocolACME {
		return nil
	}
	return c.alpn[message.LowerName(hello.ServerName)]
}

// answerALPN makes the certificate of RFC 8737, section 3. It is self-signed, for the host alone, and has the digest of
// the key authorization in a critical extension.
func answerALPN(c alpnChallenge) (*tls.Config, error) {
	digest := sha256.Sum256([]byte(c.keyAuthorization))
	value, err := asn1.Marshal(digest[:])
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject:         pkix.Name{CommonName: "ACME challenge"},
		NotBefore:       now.Add(-24 * time.Hour), // for an authority whose clock is behind ours
		NotAfter:        now.Add(365 * 24 * time.Hour),
		DNSNames:        []string{c.host},
		ExtraExtensions: []pkix.Extension{{Id: acmeIdentifier(), Critical: true, Value: value}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS12,
		NextProtos:             []string{ProtocolACME},
		Certificates:           []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		SessionTicketsDisabled: true,
	}, nil
}

// acmeIdentifier is id-pe-acmeIdentifier (RFC 8737, section 6.1).
func acmeIdentifier() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}
}
