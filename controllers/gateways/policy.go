// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"fmt"
	"slices"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/status"
)

// +kubebuilder:rbac:groups=ingress.warren.dev,resources=routepolicies,verbs=list;watch
// +kubebuilder:rbac:groups=ingress.warren.dev,resources=routepolicies/status,verbs=patch

// RoutePolicyReconciler writes the statuses of RoutePolicies.
type RoutePolicyReconciler struct{ *Config }

// Reconcile writes one status if it is not what it should be.
func (r RoutePolicyReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object v1alpha1.RoutePolicy
	if found, err := r.API.Policies.Find(ctx, request.NamespacedName, &object); !found {
		return ctrl.Result{}, err
	}
	by := replicas.ClaimantsOfClass(r.Class)
	verdict := r.Snapshots.GatewayVerdict(v1alpha1.RoutePolicyKind, &object)
	if verdict == nil || !r.Peers.Writes(request.Namespace, &by) {
		return ctrl.Result{}, nil
	}
	before := object.DeepCopy()
	is := &object.Status
	is.ObservedGeneration, is.AttachedRoutes = object.Generation, int32(len(verdict.Users))
	is.Routes = slices.Clone(verdict.Users[:min(len(verdict.Users), v1alpha1.MaxPolicyUsers)])
	status.SetConditions(&is.Conditions, verdict.Conditions)
	status.SummarizeRoutePolicy(&is.Conditions, object.Generation)
	return r.Status.WriteNow(ctx, before, &object, nil, nil)
}

// Setup has the reconciler run in a manager.
func (r RoutePolicyReconciler) Setup(mgr ctrl.Manager) error {
	err := cluster.NewController(mgr, "routepolicy").
		WatchesRawSource(r.Snapshots.Changes(v1alpha1.RoutePolicyKind)).
		WatchesRawSource(r.API.Policies.Request()).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of RoutePolicies: %w", err)
	}
	return nil
}
