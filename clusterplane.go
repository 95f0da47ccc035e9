// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/warren-dev/ingress/controllers"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/proxy"
)

// clusterPlane serves the objects of a cluster.
type clusterPlane struct {
	kube    *rest.Config
	contact *replicas.Contact
	flags   *flags
	options controllers.Options
	logger  logr.Logger
}

// newClusterPlane returns the control plane of a cluster. It does not wait for the cluster.
func newClusterPlane(kube *rest.Config, f *flags, parts *servingParts) (*clusterPlane, error) {
	c := &clusterPlane{kube: kube, contact: replicas.NewContact(), flags: f, options: controllerOptions(f, parts.proxy), logger: parts.logger}
	kube.Wrap(c.contact.Wrap)
	c.options.APIServer = c.contact.Reached
	c.options.Replica, c.options.Draining, c.options.Metrics = parts.replica, parts.draining, controllers.NewMetrics()
	c.options.Hosts, c.options.Bystanders, c.options.Shown = parts.hosts, parts.bystanders, parts.shown
	var err error
	if c.options.ACME, err = f.acme.options(); err != nil {
		return nil, err
	}
	c.options.OrdersNothing, c.options.OrderNamespaces = !f.acme.orders, f.acme.namespaces
	own := parts.replica.Address.Unmap()
	c.options.ACME.TrustedProxy = f.proxyProtocol &&
		slices.ContainsFunc(f.trustedProxies, func(trusted netip.Prefix) bool { return trusted.Contains(own) })
	return c, nil
}

func (c *clusterPlane) collectors() []prometheus.Collector {
	return []prometheus.Collector{c.options.Metrics, c.options.Hosts, c.contact}
}

func (c *clusterPlane) describe(w io.Writer) {
	switch last := c.contact.Last(); {
	case last.IsZero():
		_, _ = fmt.Fprintln(w, "kubernetes api: no answer yet")
	case c.contact.Connected():
		_, _ = fmt.Fprintln(w, "kubernetes api: connected")
	default:
		_, _ = fmt.Fprintf(w, "kubernetes api: cut off, the last answer came %s ago; what was known then is served\n", time.Since(last).Round(time.Second))
	}
}

func controllerOptions(f *flags, p *proxy.Proxy) controllers.Options {
	return controllers.Options{
		Applier:          p,
		Health:           p,
		Listening:        p,
		IngressClass:     f.ingressClass,
		Nginx:            f.nginx(),
		GatewayAddresses: f.gatewayAddresses,
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
		SessionKey:       p.SetSessionKey,
		PodUID:           podUID(f.namespace),
		WatchNamespaces:  f.watchNamespaces,
		PeerNamespaces:   f.peerNamespaces,

		GatewayController:   f.gatewayController,
		GatewayServices:     f.gatewayServices,
		DefaultCertificate:  f.defaultCertificate,
		RequireAllowedHosts: f.requireAllowedHosts,
	}
}

// restartFirst is the shortest and restartLimit the longest wait before the control plane is started again.
const (
	restartFirst = time.Second
	restartLimit = 30 * time.Second
)

// run runs the controllers, and starts them again whenever they end. Without the Kubernetes API or the Lease there
// is nothing to write or to learn. The data plane goes on serving what it has.
func (c *clusterPlane) run(ctx context.Context) error {
	delay := restartFirst
	for {
		began := time.Now()
		err := c.runOnce(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > restartLimit {
			delay = restartFirst
		}
		c.logger.Error(err, "the control plane ended; the data plane goes on with what it has", "restartAfter", delay)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
		}
		delay = min(2*delay, restartLimit)
	}
}

func (c *clusterPlane) runOnce(ctx context.Context) error {
	f, options := c.flags, c.options
	scheme, err := cluster.Scheme()
	if err != nil {
		return err
	}
	if options.Owner, err = cluster.Owner(ctx, c.kube, f.namespace); err != nil {
		return err
	}
	manager, err := ctrl.NewManager(c.kube, ctrl.Options{
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
