// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestHalfOfTheProcessorsSign(t *testing.T) {
	for processors, want := range map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 64: 32} {
		if got := cap(newSigning(processors)); got != want {
			t.Errorf("of %d processors %d sign, want %d", processors, got, want)
		}
	}
}

func TestHandshakesWithCostlyKeysWaitForAPlace(t *testing.T) {
	quick, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey := func(bits int) crypto.Signer {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	for name, test := range map[string]struct {
		key   crypto.Signer
		waits bool
	}{
		"ECDSA":            {quick, false},
		"RSA of 2048 bits": {rsaKey(2048), false},
		"RSA of 2304 bits": {rsaKey(2304), true},
	} {
		source := certificateOf(t, test.key)
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+", "+tls.VersionName(version), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := NewStore()
					set, err := store.CompileAnew(&snapshot.Snapshot{Certificates: []snapshot.Certificate{source}})
					if err != nil {
						t.Fatal(err)
					}
					for range cap(store.signing) {
						store.signing <- struct{}{}
					}
					ended := handshake(t, set, version)
					synctest.Wait()
					select {
					case err := <-ended:
						if test.waits || err != nil {
							t.Fatalf("the handshake ended while others signed (%v): it was to wait: %t", err, test.waits)
						}
						return
					default:
						if !test.waits {
							t.Fatal("the handshake waits, though it costs little")
						}
					}
					<-store.signing
					if err := <-ended; err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// Whoever begins handshakes for one key must not keep out others.
func TestSignaturesOfOtherKeysDoNotWaitForAllOfOneKey(t *testing.T) {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		var err error
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2304); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		places, made := newSigning(2), make(chan string, 100)
		busy, other := places.bounded(keys[0]), places.bounded(keys[1])
		places <- struct{}{}
		for _, begun := range []struct {
			name string
			key  crypto.PrivateKey
		}{{"first", busy}, {"second", busy}, {"third", busy}, {"other", other}} {
			go func() {
				if _, err := begun.key.(crypto.Signer).Sign(rand.Reader, make([]byte, crypto.SHA256.Size()), told{begun.name, made}); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		<-places
		synctest.Wait()
		close(made)
		if taken := len(places); taken > 0 {
			t.Errorf("%d places are not given back", taken)
		}
		var order []string
		for name := range made {
			order = append(order, name)
		}
		if at := slices.Index(order, "other"); at < 0 || at > slices.Index(order, "second") {
			t.Errorf("signatures were made in the order %v: the other key's was to be made before the second of the busy key", slices.Compact(order))
		}
	})
}

// told are options that tell when the signature is made.
type told struct {
	name string
	made chan<- string
}

func (o told) HashFunc() crypto.Hash {
	o.made <- o.name
	return crypto.SHA256
}

// handshake begins a handshake. It returns a channel that tells how that ended for the client.
func handshake(t *testing.T, set *Set, version uint16) <-chan error {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	go func() {
		_ = tls.Server(server, &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return set.Certificate(hello), nil
		}}).Handshake()
	}()
	ended := make(chan error, 1)
	go func() {
		ended <- tls.Client(client, &tls.Config{ServerName: "costly.example.com", InsecureSkipVerify: true, MaxVersion: version}).Handshake()
	}()
	return ended
}

func certificateOf(t *testing.T, key crypto.Signer) snapshot.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"costly.example.com"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var chain, secret bytes.Buffer
	for to, block := range map[*bytes.Buffer]*pem.Block{&chain: {Type: "CERTIFICATE", Bytes: der}, &secret: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := pem.Encode(to, block); err != nil {
			t.Fatal(err)
		}
	}
	return snapshot.Certificate{ID: "a", Hosts: []string{"costly.example.com"}, Chain: chain.String(), Key: secret.String()}
}
