// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// serveTLS answers requests over TLS until the test ends. It sends a response in two records, so that a reader has to
// wait between them. connections counts the connections.
func serveTLS(t *testing.T) (address netip.AddrPort, connections func() int) {
	t.Helper()
	made, err := makeCertificate(t.TempDir(), mainHost)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(made.certificate, made.key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	wanted := len((&request{Method: "GET", Host: mainHost, Path: smallPath}).bytes())
	content := newResponses("tls").small
	accepted := make(chan struct{}, 1<<20)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- struct{}{}
			go func() {
				defer c.Close()
				buffer := make([]byte, wanted)
				for {
					if _, err := io.ReadFull(c, buffer); err != nil {
						return
					}
					for _, part := range [][]byte{content[:100], content[100:]} {
						if _, err := c.Write(part); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().(*net.TCPAddr).AddrPort(), func() int { return len(accepted) }
}

func TestLoadOverTLSKeepsOrRenewsItsConnections(t *testing.T) {
	tests := map[string]struct {
		mode loadMode
		// want says whether the number of connections fits the number of answers.
		want func(connections, answered int) bool
	}{
		"kept":              {mode: loadClosed, want: func(connections, _ int) bool { return connections == 4 }},
		"one for a request": {mode: loadHandshakes, want: func(connections, answered int) bool { return connections >= answered }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			address, connections := serveTLS(t)
			f := start(t)
			spec := loadSpec{
				Mode: test.mode, Address: address, ServerName: mainHost, Connections: 4, Sources: 4,
				Requests: []request{{Method: "GET", Host: mainHost, Path: smallPath}}, Body: smallBody,
				Window: time.Hour, Enough: 40,
			}
			result, err := f.launcher.load(t.Context(), f.core, &spec)
			if err != nil {
				t.Fatal(err)
			}
			if result.Answered < spec.Enough || result.Failed > 0 {
				t.Errorf("%d requests were answered and %d failed (%s), want %d answered", result.Answered, result.Failed, result.FirstFailure, spec.Enough)
			}
			if made := connections(); !test.want(made, result.Answered) {
				t.Errorf("%d connections were made for %d responses", made, result.Answered)
			}
		})
	}
}
