// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/status"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes/status;grpcroutes/status,verbs=patch

// RouteReconciler writes the statuses of routes of one kind.
type RouteReconciler struct {
	*Config
	kind string
	// fresh returns an object of the kind, and where it has its parents' statuses.
	fresh func() (client.Object, *[]gatewayv1.RouteParentStatus)
}

// HTTPRoutes returns the reconciler of HTTPRoutes.
func HTTPRoutes(config *Config) RouteReconciler {
	return RouteReconciler{config, gatewayapi.HTTPRouteKind, func() (client.Object, *[]gatewayv1.RouteParentStatus) {
		o := new(gatewayv1.HTTPRoute)
		return o, &o.Status.Parents
	}}
}

// GRPCRoutes returns the reconciler of GRPCRoutes.
func GRPCRoutes(config *Config) RouteReconciler {
	return RouteReconciler{config, gatewayapi.GRPCRouteKind, func() (client.Object, *[]gatewayv1.RouteParentStatus) {
		o := new(gatewayv1.GRPCRoute)
		return o, &o.Status.Parents
	}}
}

// Reconcile writes one status if it is not what it should be.
func (r RouteReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object, said := r.fresh()
	verdict, err := r.read(ctx, r.kind, request, object)
	if verdict == nil || err != nil {
		return ctrl.Result{}, err
	}
	before := object.DeepCopyObject().(client.Object)
	*said = parents(*said, verdict.Parents, r.API.Controller())
	return r.Status.WriteNow(ctx, before, object, nil, nil)
}

// parents returns the latest statuses of a route's parents that are ours. Those of other controllers stay before them.
func parents(before, latest []gatewayv1.RouteParentStatus, controller gatewayv1.GatewayController) []gatewayv1.RouteParentStatus {
	if len(latest) == 0 && !slices.ContainsFunc(before, func(p gatewayv1.RouteParentStatus) bool { return p.ControllerName == controller }) {
		return before
	}
	after := []gatewayv1.RouteParentStatus{}
	for i := range before {
		if before[i].ControllerName != controller {
			after = append(after, before[i])
		}
	}
	for i := range latest {
		next := latest[i]
		next.Conditions = nil
		for j := range before {
			if p := &before[j]; p.ControllerName == controller && equality.Semantic.DeepEqual(p.ParentRef, next.ParentRef) {
				next.Conditions = slices.Clone(p.Conditions)
			}
		}
		next.Conditions = slices.DeleteFunc(next.Conditions, func(c metav1.Condition) bool { // PartiallyInvalid comes and goes
			return meta.FindStatusCondition(latest[i].Conditions, c.Type) == nil
		})
		status.SetConditions(&next.Conditions, latest[i].Conditions)
		after = append(after, next)
	}
	return after
}

// Setup has the reconciler run in a manager.
func (r RouteReconciler) Setup(mgr ctrl.Manager) error {
	return r.setup(mgr, r.kind, strings.ToLower(r.kind), r)
}
