// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/warren-dev/ingress/proxy/transport"
)

// quickKey is the size in bits of the largest RSA key whose signatures need no bound. One takes a millisecond of a
// processor, and one of 4096 bits six times as long.
const quickKey = 2048

// signing bounds how many costly signatures are made at a time, to half of the processors. Requests would wait in the
// scheduler behind all that are under way, by any client that begins handshakes.
type signing chan struct{}

func newSigning(processors int) signing { return make(signing, max(processors/2, 1)) }

// bounded returns a key whose signatures are bounded if they are costly.
func (s signing) bounded(key crypto.PrivateKey) crypto.PrivateKey {
	if private, ok := key.(*rsa.PrivateKey); ok && private.N.BitLen() > quickKey {
		return &costlyKey{PrivateKey: private, places: s, own: make(signing, 1)}
	}
	return key
}

// costlyKey is an RSA key that makes one signature at a time. So the handshakes for one key wait for one place at most,
// and those for other keys get theirs.
type costlyKey struct {
	*rsa.PrivateKey
	own, places signing
}

// sign makes a signature once it has a place, unless the client has gone by then.
func (k *costlyKey) sign(random io.Reader, digest []byte, options crypto.SignerOpts, client net.Conn) ([]byte, error) {
	for _, place := range []signing{k.own, k.places} {
		place <- struct{}{}
		defer func() { <-place }()
	}
	if c, ok := client.(interface{ Peer() transport.Peer }); ok {
		if p := c.Peer(); p.Gone || p.Ended {
			return nil, errClientGone
		}
	}
	return k.PrivateKey.Sign(random, digest, options)
}

// Sign implements [crypto.Signer].
func (k *costlyKey) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	return k.sign(random, digest, options, nil)
}

// errClientGone ends the handshake of a client that closed its connection while it waited for a place. Otherwise those
// who begin handshakes and leave would keep those who stay waiting.
var errClientGone = errors.New("the client has closed the connection")

// clientKey is a costlyKey for the handshake of a client.
type clientKey struct {
	*costlyKey
	client net.Conn
}

// Sign implements [crypto.Signer].
func (k *clientKey) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	return k.sign(random, digest, options, k.client)
}

// forClient returns a certificate for the handshake of a client. It is the same, unless its signatures are costly.
func forClient(c *tls.Certificate, client net.Conn) *tls.Certificate {
	if c == nil {
		return nil
	}
	costly, ok := c.PrivateKey.(*costlyKey)
	if !ok {
		return c
	}
	own := *c
	own.PrivateKey = &clientKey{costly, client}
	return &own
}
