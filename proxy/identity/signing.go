// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto"
	"crypto/rsa"
	"io"
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

// Sign implements [crypto.Signer].
func (k *costlyKey) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	for _, place := range []signing{k.own, k.places} {
		place <- struct{}{}
		defer func() { <-place }()
	}
	return k.PrivateKey.Sign(random, digest, options)
}
