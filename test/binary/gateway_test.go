// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"

	"k8s.io/client-go/rest"
)

// gateway is where a controller looks for the Kubernetes API. Behind it there may be no API server, or one after
// another. Each API server has its own keys, which a running controller could not be told.
type gateway struct {
	t       *testing.T
	address string
	server  *http.Server
}

// newGateway returns a gateway that is closed: nothing listens on its address.
func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{t: t, address: ports.address(t)}
	t.Cleanup(g.close)
	return g
}

// config returns access to what is behind the gateway.
func (g *gateway) config() *rest.Config { return &rest.Config{Host: "http://" + g.address} }

// open lets requests through to an API server.
func (g *gateway) open(behind *rest.Config) {
	g.t.Helper()
	target, err := url.Parse(behind.Host)
	if err != nil {
		g.t.Fatal(err)
	}
	transport, err := rest.TransportFor(behind)
	if err != nil {
		g.t.Fatalf("reaching the API server from the gateway: %v", err)
	}
	listener, err := net.Listen("tcp", g.address)
	if err != nil {
		g.t.Fatalf("opening the gateway: %v", err)
	}
	g.server = &http.Server{
		ReadHeaderTimeout: patience,
		Handler: &httputil.ReverseProxy{
			Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
			Transport:     transport,
			FlushInterval: -1, // watches are read line by line
			// What is lost when the gateway closes is meant to be lost.
			ErrorLog: log.New(io.Discard, "", 0),
		},
	}
	server := g.server
	// Serve returns only when the gateway is closed.
	go func() { _ = server.Serve(listener) }()
}

// close ends all connections. After that nothing listens.
func (g *gateway) close() {
	if g.server != nil {
		_ = g.server.Close()
		g.server = nil
	}
}
