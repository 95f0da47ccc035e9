// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/transport"
)

// A client that closed its connection while it waited gets no signature: whoever begins handshakes and leaves keeps
// nobody waiting.
func TestNothingIsSignedForAClientThatHasGone(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2304)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	places := newSigning(2)
	certificate := &tls.Certificate{PrivateKey: places.bounded(key)}
	for _, stays := range []bool{true, false} {
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		server, err := transport.NewTCP(accepted.(*net.TCPConn), transport.NewClock(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		own := forClient(certificate, peerConn{Conn: accepted, tcp: server}).PrivateKey.(crypto.Signer)
		places <- struct{}{}
		ended := make(chan error, 1)
		go func() {
			_, err := own.Sign(rand.Reader, make([]byte, crypto.SHA256.Size()), crypto.SHA256)
			ended <- err
		}()
		if !stays {
			_ = client.Close()
			for p := server.Peer(); !p.Ended && !p.Gone; p = server.Peer() {
				time.Sleep(time.Millisecond)
			}
		}
		<-places
		if err := <-ended; (err == nil) != stays {
			t.Errorf("a client that stays: %t; its signature ended with %v", stays, err)
		}
		_, _ = client.Close(), server.Close()
	}
	if taken := len(places); taken > 0 {
		t.Errorf("%d places are not given back", taken)
	}
}

// peerConn is a connection of which somebody knows how its peer is.
type peerConn struct {
	net.Conn
	tcp *transport.TCP
}

func (c peerConn) Peer() transport.Peer { return c.tcp.Peer() }
