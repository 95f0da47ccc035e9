// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
)

// endpoint is a well-behaved server that a pool can send requests to.
type endpoint struct {
	name    string
	address netip.AddrPort
	server  *http.Server
	done    chan struct{}
}

func startEndpoint(name string, handler http.Handler) (*endpoint, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting endpoint %s: %w", name, err)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	e := &endpoint{
		name:    name,
		address: l.Addr().(*net.TCPAddr).AddrPort(),
		server:  &http.Server{Handler: handler, Protocols: &protocols, ErrorLog: log.New(io.Discard, "", 0)},
		done:    make(chan struct{}),
	}
	go func() {
		defer close(e.done)
		_ = e.server.Serve(l) // it ends when the server is stopped
	}()
	return e, nil
}

// stop lets the running requests end, until ctx ends.
func (e *endpoint) stop(ctx context.Context) error {
	err := e.server.Shutdown(ctx)
	if err != nil {
		_ = e.server.Close()
	}
	<-e.done
	return err
}
