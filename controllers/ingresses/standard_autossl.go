// SPDX-License-Identifier: Apache-2.0

package ingresses

import (
	"context"
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/sources"
)

// StandardAutoSSL is AutoSSL for the Ingresses of networking.k8s.io whose annotation asks for it.
type StandardAutoSSL struct {
	AutoSSL
	Ingresses *sources.StandardIngresses
	Cache     cache.Cache
}

// Reconcile makes, changes or removes the TLSCertificates of one Ingress.
func (r *StandardAutoSSL) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object networkingv1.Ingress
	if err := r.Ingresses.Ingresses.Get(ctx, request.NamespacedName, &object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err) // What it owned goes with it.
	}
	if ours, _ := r.Ingresses.Claims(&object); object.DeletionTimestamp != nil || !ours {
		return ctrl.Result{}, nil
	}
	if by := replicas.StandardClaimantsOf(&object); !r.Peers.Orders(object.Namespace, &by) {
		return ctrl.Result{}, nil // When that changes, the object is enqueued again.
	}
	hosts, ok := r.Snapshots.CertificateHosts(kinds.StandardKind, &object)
	if !ok {
		return ctrl.Result{}, nil // The snapshot that knows this generation enqueues the object again.
	}
	switch ordering, known := r.Ingresses.ObjectOf(&object).Ordering(); {
	case !known:
		return ctrl.Result{}, nil
	case ordering == nil:
		return ctrl.Result{}, r.removeOthers(ctx, &object, nil)
	default:
		return ctrl.Result{}, r.have(ctx, &object, networkingv1.SchemeGroupVersion.WithKind(v1alpha1.IngressKind), ordering, hosts)
	}
}

// Setup has the reconciler run in a manager.
func (r *StandardAutoSSL) Setup(mgr ctrl.Manager) error {
	err := cluster.NewController(mgr, "standardautossl").
		WatchesRawSource(r.Snapshots.Changes(kinds.StandardKind)).
		WatchesRawSource(source.Func(r.Ingresses.Request)).
		WatchesRawSource(source.Kind(r.Cache, &v1alpha1.TLSCertificate{}, handler.TypedEnqueueRequestForOwner[*v1alpha1.TLSCertificate](
			mgr.GetScheme(), mgr.GetRESTMapper(), &networkingv1.Ingress{}, handler.OnlyControllerOwner()))).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of the TLSCertificates of Ingresses of networking.k8s.io: %w", err)
	}
	return nil
}
