// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/status"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gatewayclasses/status,verbs=patch

// ClassReconciler writes the statuses of GatewayClasses.
type ClassReconciler struct{ *Config }

// Reconcile writes one status if it is not what it should be.
func (r ClassReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object gatewayv1.GatewayClass
	verdict, err := r.read(ctx, gatewayapi.GatewayClassKind, request, &object)
	if verdict == nil || err != nil {
		return ctrl.Result{}, err
	}
	before := object.DeepCopy()
	status.SetConditions(&object.Status.Conditions, verdict.Conditions)
	object.Status.SupportedFeatures = gatewayapi.Features()
	return r.Status.WriteNow(ctx, before, &object, nil, nil)
}

// Setup has the reconciler run in a manager.
func (r ClassReconciler) Setup(mgr ctrl.Manager) error {
	return r.setup(mgr, gatewayapi.GatewayClassKind, "gatewayclass", r)
}
