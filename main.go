// SPDX-License-Identifier: Apache-2.0

// Appliances have certificates with negative serial numbers. Whoever reads certificates should bear with that (RFC
// 5280, section 4.1.2.2), and crypto/x509 by itself does not read them at all.
//go:debug x509negativeserial=1

// Command warren-ingress is a Kubernetes ingress controller with its data plane in the same process.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/warren-dev/ingress/cli"
	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/controllers/shown"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/dashboard"
	"github.com/warren-dev/ingress/dashboard/live"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/observe"
)

// version is set when the binary is linked.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root, args := cli.Called(os.Args, version, serveCommand, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	os.Exit(cli.Run(ctx, root, args))
}

// run serves until ctx ends and the data plane has drained. It ends earlier if a part fails that nothing can go on
// without.
func run(ctx context.Context, f *flags, logger logr.Logger) error {
	var kube *rest.Config
	var err error
	if len(f.files) == 0 {
		if kube, err = ctrl.GetConfig(); err != nil {
			return fmt.Errorf("finding a Kubernetes API (outside of a cluster write --kubeconfig, or set KUBECONFIG; -f serves files without one): %w", err)
		}
	}
	listeners, err := listen(f)
	if err != nil {
		return err
	}
	replica, err := thisReplica(listeners)
	if err != nil {
		return err
	}
	traced, exporter, err := f.tracing.tracing(ctx, replica.Name, logger)
	if err != nil {
		return err
	}
	served := proxyConfig(f, traced, logger)
	p := proxy.New(served)
	parts := &servingParts{proxy: p, replica: replica, hosts: hosts.New(), bystanders: new(sources.Bystanders), shown: new(shown.Cluster), draining: ctx.Done(), logger: logger}
	var control controlPlane
	if kube != nil {
		control, err = newClusterPlane(kube, f, parts)
	} else {
		control, err = newFilePlane(f, parts)
	}
	if err != nil {
		return err
	}
	collectors := append([]prometheus.Collector{p.Collector()}, control.collectors()...)
	if exporter != nil {
		collectors = append(collectors, exporter)
	}
	for _, c := range collectors {
		if err := metrics.Registry.Register(c); err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}

	// What serves outlives ctx by the drain.
	serving, stopServing := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopServing(nil)
	g, serving := errgroup.WithContext(serving)
	g.Go(func() error { return p.ServePlain(listeners.http) })
	g.Go(func() error { return p.ServeTLS(listeners.https) })
	g.Go(func() error { p.Watch(serving); return nil })
	if exporter != nil {
		g.Go(func() error { exporter.Run(serving); return nil })
	}
	g.Go(func() error { return serveBounded(serving, listeners.metrics, metricsServer(newTurns(scrapesAtOnce))) })
	g.Go(func() error { return serveBounded(serving, listeners.health, healthServer(p, control.describe)) })
	explainer := newExplainer(p, parts.bystanders)
	page := dashboard.New(dashboard.Config{
		DataPlane: explainer, ControlPlane: parts.shown, Requests: live.New(p.Tap(), observe.NewLines(f.accessLogFields)), Totals: p.Totals, Replica: replica.Name, Version: version,
	})
	g.Go(func() error { page.Run(serving); return nil })
	g.Go(func() error {
		return serve(serving, listeners.admin, adminServer(explainer, parts.hosts, page, listeners.admin.Addr()))
	})
	g.Go(func() error { return control.run(serving) })
	g.Go(func() error {
		defer stopServing(nil)
		select {
		case <-serving.Done():
			return nil // something else failed and says so
		case <-ctx.Done():
		}
		logger.Info("draining", "delay", f.drainDelay, "timeout", f.drainTimeout)
		return p.Shutdown(serving)
	})
	logger.Info("serving", "version", version, "http", listeners.http.Addr().String(), "https", listeners.https.Addr().String(),
		"maxConnections", served.MaxConnections)
	return g.Wait()
}

// minRateGrace is how long a client is waited for before --min-rate counts.
const minRateGrace = 30 * time.Second

func proxyConfig(f *flags, traced *observe.Tracing, logger logr.Logger) proxy.Config {
	return proxy.Config{
		Logger:          logger.WithName("proxy"),
		TrustedProxies:  f.trustedProxies,
		ProxyProtocol:   f.proxyProtocol,
		H2C:             f.h2c,
		AccessLog:       f.accessLog,
		AccessLogWriter: os.Stdout,
		AccessLogFields: f.accessLogFields,
		Tracing:         traced,
		ReadTimeout:     f.readTimeout,
		WriteTimeout:    f.writeTimeout,
		IdleTimeout:     f.idleTimeout,
		MinRate:         f.minRate,
		MinRateGrace:    minRateGrace,
		MaxHeaderBytes:  f.maxHeaderBytes,
		MaxHeaders:      f.maxHeaders,
		HeadMemory:      f.headMemory(),
		MaxConnections:  f.connections(),
		DrainDelay:      f.drainDelay,
		DrainTimeout:    f.drainTimeout,

		TunnelIdleTimeout: f.tunnelIdleTimeout,
	}
}

// listeners are opened before anything is served or written, so that an address that is taken is an error at once.
type listeners struct{ http, https, metrics, health, admin net.Listener }

func listen(f *flags) (*listeners, error) {
	var l listeners
	for _, a := range []struct {
		to            *net.Listener
		flag, address string
	}{
		{&l.http, "http-address", f.httpAddress},
		{&l.https, "https-address", f.httpsAddress},
		{&l.metrics, "metrics-address", f.metricsAddress},
		{&l.health, "health-address", f.healthAddress},
		{&l.admin, "admin-address", f.adminAddress},
	} {
		var err error
		if *a.to, err = net.Listen("tcp", a.address); err != nil {
			return nil, fmt.Errorf("opening --%s: %w", a.flag, err)
		}
	}
	return &l, nil
}
