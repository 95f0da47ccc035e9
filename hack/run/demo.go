// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// headTimeout is how long a demo task waits for the head of a request.
const headTimeout = 10 * time.Second

// startDemos starts an HTTP server for each demo task. They speak HTTP/1.1 and, for backends that are reached that way,
// HTTP/2 without TLS. stop stops all of them.
func startDemos(demos []demo) (stop func(), err error) {
	var servers []*http.Server
	stop = func() {
		for _, server := range servers {
			// There is nothing to be done about a listener that does not close.
			_ = server.Close()
		}
	}
	for _, d := range demos {
		listener, err := net.Listen("tcp", d.address())
		if err != nil {
			stop()
			return nil, fmt.Errorf("starting the demo task %s: %w", d.task, err)
		}
		server := &http.Server{Handler: d, ReadHeaderTimeout: headTimeout, Protocols: new(http.Protocols)}
		server.Protocols.SetHTTP1(true)
		server.Protocols.SetUnencryptedHTTP2(true)
		servers = append(servers, server)
		// Serve returns when stop closes the listener, and for no other reason that a demo could act on.
		go func() { _ = server.Serve(listener) }()
	}
	return stop, nil
}

// ServeHTTP answers every request with a text that says who answers and what arrived.
func (d demo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var text strings.Builder
	fmt.Fprintf(&text, "service %s, task %s (%s)\n%s %s %s\nHost: %s\n",
		d.service.name, d.task, d.address(), r.Method, r.RequestURI, r.Proto, r.Host)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	// A client that has gone away is not the demo task's concern.
	_, _ = w.Write([]byte(text.String()))
}
