#!/usr/bin/env bash
# Go's crypto/tls, as a server that offers nothing but "h2" by ALPN, does not refuse a client that offers nothing but
# "http/1.1". RFC 7301, section 3.2, has a server that shares no protocol with the client send the alert
# no_application_protocol. Go sends it for every other name, and makes one exception: here the handshake succeeds with no
# protocol chosen, as if the client had offered none. What a client learns from it differs by server:
#
# - Behind httptest or net/http the connection then speaks HTTP/1.1, although the server's NextProtos says h2 alone.
# - A proxy that offers "http/1.1" alone on purpose, because it has to have a connection that nobody shares, can neither
#   take the empty answer for "HTTP/1.1 is spoken" nor for "it is not".
#
# Version: go1.26.8 (crypto/tls, negotiateALPN, and golang/go#46310). Seen on linux/amd64:
#
#   client offers http/1.1: handshake ok, protocol ""
#   client offers http/1.0: remote error: tls: no application protocol
#   client offers h2: handshake ok, protocol "h2"
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod
cat >go.mod <<'EOF'
module finding

go 1.26
EOF
cat >main.go <<'EOF'
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"time"
)

func main() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"a.example.com"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(err)
	leaf, err := x509.ParseCertificate(der)
	must(err)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{NextProtos: []string{"h2"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	must(err)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func(c net.Conn) { _ = c.(*tls.Conn).Handshake() }(c)
		}
	}()
	for _, offered := range []string{"http/1.1", "http/1.0", "h2"} {
		c, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "a.example.com",
			NextProtos: []string{offered}})
		if err != nil {
			fmt.Printf("client offers %s: %v\n", offered, err)
			continue
		}
		fmt.Printf("client offers %s: handshake ok, protocol %q\n", offered, c.ConnectionState().NegotiatedProtocol)
		_ = c.Close()
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >want <<'EOF'
client offers http/1.1: handshake ok, protocol ""
client offers http/1.0: remote error: tls: no application protocol
client offers h2: handshake ok, protocol "h2"
EOF
go run . >got
diff want got
cat got
