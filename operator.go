// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/dashboard"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/explain"
)

// What follows is for operators, probes and Prometheus. In a cluster everybody reaches the ports of metrics and probes
// whom no NetworkPolicy keeps out.
const (
	// operatorIdle is how long a connection may rest. Prometheus asks every minute at the latest, and makes another one
	// if it has to.
	operatorIdle = 65 * time.Second
	// operatorHead is how large the head of a request may be, in bytes.
	operatorHead = 8 << 10
	// scrapesAtOnce is how many answers with metrics are made at once, which takes a processor while it lasts: for two
	// Prometheus servers and one person. Further requests wait.
	scrapesAtOnce = 3
	// scrapeTimeout is how long an answer may take to be made, with the wait for others, and scrapeWrite how long until it
	// is sent. http.TimeoutHandler has an answer made before it is sent, so that slow readers do not count among
	// scrapesAtOnce.
	scrapeTimeout = 20 * time.Second
	scrapeWrite   = 30 * time.Second
)

// serve answers the requests that come to a listener until ctx ends.
func serve(ctx context.Context, l net.Listener, server *http.Server) error {
	server.ReadHeaderTimeout = 5 * time.Second
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// serveBounded is serve for a port that everybody may reach.
func serveBounded(ctx context.Context, l net.Listener, server *http.Server) error {
	return serve(ctx, bounded(l, server), server)
}

func metricsServer(scrapes *turns) *http.Server {
	mux := http.NewServeMux()
	scrape := scrapes.handler(promhttp.HandlerFor(metrics.Registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /metrics", http.TimeoutHandler(scrape, scrapeTimeout, fmt.Sprintf("the metrics were not made within %v\n", scrapeTimeout)))
	return &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: scrapeWrite, IdleTimeout: operatorIdle, MaxHeaderBytes: operatorHead}
}

// newExplainer returns what says what is served and why, also for what no snapshot has.
func newExplainer(p *proxy.Proxy, bystanders *sources.Bystanders) *explain.Explainer {
	explainer := p.Explainer()
	explainer.Elsewhere = bystanders.Hints
	return explainer
}

// adminServer answers what a replica serves and why. It bounds no answer: a profile takes as long as it is asked to.
func adminServer(explainer *explain.Explainer, hosts *hosts.Hosts, page *dashboard.Dashboard, at net.Addr) *http.Server {
	mux := http.NewServeMux()
	shown := page.Handler()
	for _, path := range dashboard.Paths() {
		mux.Handle(path, shown)
	}
	mux.Handle("GET /routes", explainer.RoutesHandler())
	mux.Handle("GET /certificates", explainer.CertificatesHandler())
	mux.Handle("GET /tasks", explainer.TasksHandler())
	mux.Handle("GET /refused", explainer.RefusedHandler())
	mux.Handle("GET /hosts", hosts)
	mux.Handle("GET /explain", explainer.ExplainHandler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return &http.Server{Handler: forLoopback(at, dashboard.Guard(mux)), ReadTimeout: 5 * time.Second, IdleTimeout: operatorIdle}
}

// forLoopback refuses requests to a loopback address that name another host. A page of the Internet can have its own
// name resolved to a loopback address, and then read in a browser what a port there answers (DNS rebinding). Whoever
// has the address elsewhere has it reached by other names.
func forLoopback(at net.Addr, next http.Handler) http.Handler {
	if tcp, ok := at.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopbackHost(r.Host) {
			http.Error(w, fmt.Sprintf("this address is for requests to localhost, 127.0.0.1 or [::1], and not to %q: "+
				"ask one of these, or have --admin-address elsewhere", r.Host), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopbackHost returns whether a Host, with or without a port, is a loopback address or a name that no resolver may
// answer with another one (RFC 6761, section 6.3).
func isLoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
