// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/shown"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/proxy"
)

// controlPlane has the data plane serve what somebody wrote: the objects of a cluster, or those in files.
type controlPlane interface {
	// run goes on until ctx ends.
	run(ctx context.Context) error
	// collectors are its metrics.
	collectors() []prometheus.Collector
	// describe tells people how it is, a line for each thing.
	describe(w io.Writer)
}

// servingParts are what a control plane is made of, besides the flags.
type servingParts struct {
	proxy   *proxy.Proxy
	replica replicas.Replica
	// hosts, bystanders and shown are what the admin address shows besides what the data plane knows.
	hosts      *hosts.Hosts
	bystanders *sources.Bystanders
	shown      *shown.Cluster
	// draining is closed when the process begins to end.
	draining <-chan struct{}
	logger   logr.Logger
}
