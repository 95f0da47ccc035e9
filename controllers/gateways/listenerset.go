// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/status"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=listenersets/status,verbs=patch

// ListenerSetReconciler writes the statuses of ListenerSets.
type ListenerSetReconciler struct {
	*Config
	known known
}

// Reconcile writes one status if it is not what it should be.
func (r *ListenerSetReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object gatewayv1.ListenerSet
	verdict, err := r.read(ctx, gatewayapi.ListenerSetKind, request, &object)
	if verdict == nil || err != nil {
		r.known.forget(request)
		return ctrl.Result{}, err
	}
	r.known.remember(request) // before asking what may change
	before := object.DeepCopy()
	var former, listeners []gatewayv1.ListenerStatus
	for i := range before.Status.Listeners {
		former = append(former, gatewayv1.ListenerStatus(before.Status.Listeners[i]))
	}
	object.Status.Listeners = nil
	for i := range verdict.Listeners {
		l := r.listener(&verdict.Listeners[i], former)
		listeners = append(listeners, l)
		object.Status.Listeners = append(object.Status.Listeners, gatewayv1.ListenerEntryStatus(l))
	}
	conditions := slices.Clone(verdict.Conditions)
	unpublished, err := r.unpublished(ctx, verdict.Listeners)
	if err != nil {
		return ctrl.Result{}, err
	}
	r.judge(&object, conditions, listeners, unpublished)
	status.SetConditions(&object.Status.Conditions, conditions)
	return r.Status.WriteNow(ctx, before, &object, nil, nil)
}

// judge changes the condition Programmed of a ListenerSet to what only this replica knows: whether its listeners are
// open, and whether the other replicas serve this generation too. Where clients reach it, its Gateway says.
func (r *ListenerSetReconciler) judge(object *gatewayv1.ListenerSet, conditions []metav1.Condition, listeners []gatewayv1.ListenerStatus, unpublished string) {
	is := meta.FindStatusCondition(conditions, string(gatewayv1.ListenerSetConditionProgrammed))
	switch {
	case is.Status != metav1.ConditionTrue:
	case !open(listeners):
		is.Status, is.Reason = metav1.ConditionFalse, string(gatewayv1.ListenerSetReasonListenersNotValid)
		is.Message = "no listener is served; their conditions say why"
	case !told(object.Status.Conditions, is.Type, object.Generation) && len(r.Replicas.Behind(object.UID)) > 0:
		is.Status, is.Reason = metav1.ConditionUnknown, string(gatewayv1.ListenerSetReasonPending)
		is.Message = "not every ready replica serves this generation yet"
	default:
		is.Message += unpublished
	}
}

// Setup has the reconciler run in a manager.
func (r *ListenerSetReconciler) Setup(mgr ctrl.Manager) error {
	return r.setupKnown(mgr, gatewayapi.ListenerSetKind, "listenerset", &r.known, r)
}
