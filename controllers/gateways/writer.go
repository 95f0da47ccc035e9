// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/status"
)

// Config is what the controllers have in common.
type Config struct {
	// Class is the ingress class of the controller.
	Class     string
	API       *sources.GatewayAPI
	Snapshots *snapshots.Controller
	Peers     *replicas.Peers
	Replicas  *replicas.Replicas
	// Addresses are where clients reach Gateways that have no address of their own.
	Addresses status.Addresses
	// Listening may be nil.
	Listening replicas.Ports
	Status    *status.Writer
	// Services are the Services of Gateways of their own. Nil if they have none.
	Services *Services
}

// read fills in an object and returns its verdict. It returns nil if there is nothing to write: there is no such
// object, no snapshot knows this generation of it, or another replica or controller writes it.
func (c *Config) read(ctx context.Context, kind string, request ctrl.Request, into client.Object) (*gatewayapi.Verdict, error) {
	if err := c.API.Get(ctx, kind, request.NamespacedName, into); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	by := replicas.ClaimantsOfClass(c.Class)
	if !c.Peers.Writes(request.Namespace, &by) {
		return nil, nil
	}
	return c.Snapshots.GatewayVerdict(kind, into), nil
}

// setup has a reconciler of a kind run in a manager.
func (c *Config) setup(mgr ctrl.Manager, kind, name string, r reconcile.Reconciler) error {
	err := cluster.NewController(mgr, name).
		WatchesRawSource(c.Snapshots.Changes(kind)).
		WatchesRawSource(c.API.Request(kind)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of each %s: %w", kind, err)
	}
	return nil
}
