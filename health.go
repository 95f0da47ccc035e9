// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/warren-dev/ingress/proxy"
)

// healthServer answers probes. control tells people how the control plane is. The server bounds no requests at once:
// each is a few lines, and a probe that is refused ends a replica.
func healthServer(p *proxy.Proxy, control func(io.Writer)) *http.Server {
	return &http.Server{Handler: healthHandler(p, control), ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: operatorIdle, MaxHeaderBytes: operatorHead}
}

// healthHandler answers probes. The replica is ready once it serves a first snapshot, and no longer when it drains; it
// does not depend on the Kubernetes API being there.
func healthHandler(p *proxy.Proxy, control func(io.Writer)) http.Handler {
	mux := http.NewServeMux()
	// A restart mends nothing that this could tell of, so that it is 200 whatever it tells.
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintln(w, "ok")
		if r.URL.Query().Has("verbose") {
			describe(w, p, control)
		}
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case p.Draining():
			http.Error(w, "draining", http.StatusServiceUnavailable)
		case p.Generation() == 0:
			http.Error(w, "no snapshot is served yet", http.StatusServiceUnavailable)
		default:
			_, _ = fmt.Fprintln(w, "ok")
		}
	})
	return mux
}

// describe tells people how the replica is, a line for each thing.
func describe(w io.Writer, p *proxy.Proxy, control func(io.Writer)) {
	switch generation := p.Generation(); {
	case p.Draining():
		_, _ = fmt.Fprintln(w, "data plane: draining")
	case generation == 0:
		_, _ = fmt.Fprintln(w, "data plane: no snapshot is served yet")
	default:
		_, _ = fmt.Fprintln(w, "data plane: serving generation", generation)
	}
	control(w)
}
