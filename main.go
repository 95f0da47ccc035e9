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
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/warren-dev/ingress/cli"
	"github.com/warren-dev/ingress/controllers"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/sources"
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
	kube, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding a Kubernetes API (write --kubeconfig, or set KUBECONFIG, outside of a cluster): %w", err)
	}
	listeners, err := listen(f)
	if err != nil {
		return err
	}
	replica, err := thisReplica(listeners)
	if err != nil {
		return err
	}
	contact := replicas.NewContact()
	kube.Wrap(contact.Wrap)
	traced, exporter, err := f.tracing.tracing(ctx, replica.Name, logger)
	if err != nil {
		return err
	}
	served := proxyConfig(f, traced, logger)
	p := proxy.New(served)
	options := controllerOptions(f, p)
	options.APIServer = contact.Reached
	options.Replica, options.Draining, options.Metrics = replica, ctx.Done(), controllers.NewMetrics()
	options.Hosts, options.Bystanders = hosts.New(), new(sources.Bystanders)
	collectors := []prometheus.Collector{p.Collector(), options.Metrics, options.Hosts, contact}
	if exporter != nil {
		collectors = append(collectors, exporter)
	}
	for _, c := range collectors {
		if err := metrics.Registry.Register(c); err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	if options.ACME, err = f.acme.options(); err != nil {
		return err
	}
	options.OrdersNothing, options.OrderNamespaces = !f.acme.orders, f.acme.namespaces
	options.ACME.TrustedProxy = f.proxyProtocol &&
		slices.ContainsFunc(f.trustedProxies, func(trusted netip.Prefix) bool { return trusted.Contains(replica.Address.Unmap()) })

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
	g.Go(func() error { return serveBounded(serving, listeners.health, healthServer(p, contact)) })
	g.Go(func() error {
		return serve(serving, listeners.admin, adminServer(p, options.Hosts, options.Bystanders, listeners.admin.Addr()))
	})
	g.Go(func() error { return control(serving, kube, f, options, logger) })
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

func controllerOptions(f *flags, p *proxy.Proxy) controllers.Options {
	return controllers.Options{
		Applier:          p,
		Health:           p,
		IngressClass:     f.ingressClass,
		AllowSharedHosts: f.allowSharedHosts,
		HostClaimGrace:   f.hostClaimGrace,
		AllowLocalTasks:  f.allowLocalTasks,
		TaskNetworks:     f.taskNetworks,
		PublishAddress:   f.publishAddress,
		PublishService:   f.publishService,
		Namespace:        f.namespace,
		Elects:           f.leaderElect,
		ReadyReplicas:    p.SetReplicas,
		TicketKeys:       p.SetTicketKeys,
		PodUID:           podUID(f.namespace),
		WatchNamespaces:  f.watchNamespaces,
		PeerNamespaces:   f.peerNamespaces,

		DefaultCertificate:  f.defaultCertificate,
		RequireAllowedHosts: f.requireAllowedHosts,
	}
}

// restartFirst is the shortest and restartLimit the longest wait before the control plane is started again.
const (
	restartFirst = time.Second
	restartLimit = 30 * time.Second
)

// control runs the control plane, and starts it again whenever it ends. Without the Kubernetes API or the Lease there
// is nothing to write or to learn. The data plane goes on serving what it has.
func control(ctx context.Context, kube *rest.Config, f *flags, options controllers.Options, logger logr.Logger) error {
	delay := restartFirst
	for {
		began := time.Now()
		err := controlOnce(ctx, kube, f, options)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > restartLimit {
			delay = restartFirst
		}
		logger.Error(err, "the control plane ended; the data plane goes on with what it has", "restartAfter", delay)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
		}
		delay = min(2*delay, restartLimit)
	}
}

func controlOnce(ctx context.Context, kube *rest.Config, f *flags, options controllers.Options) error {
	scheme, err := cluster.Scheme()
	if err != nil {
		return err
	}
	if options.Owner, err = cluster.Owner(ctx, kube, f.namespace); err != nil {
		return err
	}
	manager, err := ctrl.NewManager(kube, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         cluster.CacheOptions(f.ingressClass, f.watchNamespaces),
		Metrics:                       metricsserver.Options{BindAddress: "0"},
		LeaderElection:                f.leaderElect,
		LeaderElectionID:              cluster.ElectionLease(f.ingressClass),
		LeaderElectionNamespace:       f.namespace,
		LeaderElectionReleaseOnCancel: true,
		// A second control plane in one process has controllers of the same names.
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	if _, err := controllers.Setup(manager, options); err != nil {
		return err
	}
	return manager.Start(ctx)
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
