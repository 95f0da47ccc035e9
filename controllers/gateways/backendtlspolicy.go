// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	ctrl "sigs.k8s.io/controller-runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/status"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=backendtlspolicies/status,verbs=patch

// BackendTLSPolicyReconciler writes the statuses of BackendTLSPolicies.
type BackendTLSPolicyReconciler struct{ *Config }

// Reconcile writes one status if it is not what it should be.
func (r BackendTLSPolicyReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object gatewayv1.BackendTLSPolicy
	verdict, err := r.read(ctx, gatewayapi.BackendTLSPolicyKind, request, &object)
	if verdict == nil || err != nil {
		return ctrl.Result{}, err
	}
	before := object.DeepCopy()
	object.Status.Ancestors = ancestors(object.Status.Ancestors, verdict.Ancestors, r.API.Controller())
	return r.Status.WriteNow(ctx, before, &object, nil, nil)
}

// mostAncestors is how many entries the schema lets the status of a policy have.
const mostAncestors = 16

// ancestors returns the latest statuses of a policy's ancestors that are ours. Those of other controllers stay before
// them, and take their places from ours if there are too many.
func ancestors(before, latest []gatewayv1.PolicyAncestorStatus, controller gatewayv1.GatewayController) []gatewayv1.PolicyAncestorStatus {
	if len(latest) == 0 && !slices.ContainsFunc(before, func(a gatewayv1.PolicyAncestorStatus) bool { return a.ControllerName == controller }) {
		return before
	}
	after := []gatewayv1.PolicyAncestorStatus{}
	for i := range before {
		if before[i].ControllerName != controller {
			after = append(after, before[i])
		}
	}
	for i := range latest[:min(len(latest), mostAncestors-len(after))] {
		next := latest[i]
		next.Conditions = nil
		for j := range before {
			if a := &before[j]; a.ControllerName == controller && equality.Semantic.DeepEqual(a.AncestorRef, next.AncestorRef) {
				next.Conditions = slices.Clone(a.Conditions)
			}
		}
		status.SetConditions(&next.Conditions, latest[i].Conditions)
		after = append(after, next)
	}
	return after
}

// Setup has the reconciler run in a manager.
func (r BackendTLSPolicyReconciler) Setup(mgr ctrl.Manager) error {
	return r.setup(mgr, gatewayapi.BackendTLSPolicyKind, "backendtlspolicy", r)
}
