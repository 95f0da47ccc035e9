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

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gateways/status,verbs=patch

// GatewayReconciler writes the statuses of Gateways.
type GatewayReconciler struct {
	*Config
	known known
}

// Reconcile writes one status if it is not what it should be.
func (r *GatewayReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object gatewayv1.Gateway
	verdict, err := r.read(ctx, gatewayapi.GatewayKind, request, &object)
	if verdict == nil || err != nil {
		r.known.forget(request)
		return ctrl.Result{}, err
	}
	r.known.remember(request) // before asking what may change
	before := object.DeepCopy()
	conditions := slices.Clone(verdict.Conditions)
	object.Status.Addresses = verdict.Addresses
	if verdict.Everywhere {
		if object.Status.Addresses, err = r.published(ctx); err != nil {
			return ctrl.Result{}, err
		}
	}
	var listeners []gatewayv1.ListenerStatus
	for i := range verdict.Listeners {
		listeners = append(listeners, r.listener(&verdict.Listeners[i], before.Status.Listeners))
	}
	unpublished, err := r.unpublished(ctx, verdict.Listeners)
	if err != nil {
		return ctrl.Result{}, err
	}
	r.judge(&object, conditions, listeners, unpublished)
	r.judgeService(&object, verdict, conditions)
	object.Status.Listeners = listeners
	if verdict.ListenerSets > 0 || object.Status.AttachedListenerSets != nil { // Definitions before ListenerSets have no such field.
		object.Status.AttachedListenerSets = new(verdict.ListenerSets)
	}
	object.Status.Conditions = slices.DeleteFunc(object.Status.Conditions, func(c metav1.Condition) bool {
		return passing(c.Type) && meta.FindStatusCondition(conditions, c.Type) == nil
	})
	status.SetConditions(&object.Status.Conditions, conditions)
	return r.Status.WriteNow(ctx, before, &object, nil, nil)
}

// passing returns whether a condition of ours goes with what it is about.
func passing(kind string) bool {
	return kind == string(gatewayv1.GatewayConditionResolvedRefs) || kind == string(gatewayv1.GatewayConditionInsecureFrontendValidationMode)
}

// published returns the addresses at which clients reach the controller.
func (r *GatewayReconciler) published(ctx context.Context) (list []gatewayv1.GatewayStatusAddress, err error) {
	addresses, err := r.Addresses.Read(ctx)
	if err != nil {
		return nil, err
	}
	for _, at := range addresses {
		if at.IP != "" {
			list = append(list, gatewayv1.GatewayStatusAddress{Type: new(gatewayv1.IPAddressType), Value: at.IP})
		} else {
			list = append(list, gatewayv1.GatewayStatusAddress{Type: new(gatewayv1.HostnameAddressType), Value: at.Hostname})
		}
	}
	return list, nil
}

// judge changes the condition Programmed of a Gateway to what only this replica knows: whether its listeners are open,
// whether clients know its address, and whether the other replicas serve this generation too. unpublished is added to
// its message if all is well.
func (r *GatewayReconciler) judge(object *gatewayv1.Gateway, conditions []metav1.Condition, listeners []gatewayv1.ListenerStatus, unpublished string) {
	is := meta.FindStatusCondition(conditions, string(gatewayv1.GatewayConditionProgrammed))
	if is.Status != metav1.ConditionTrue {
		return
	}
	set := func(status metav1.ConditionStatus, reason gatewayv1.GatewayConditionReason, message string) {
		is.Status, is.Reason, is.Message = status, string(reason), message
	}
	switch {
	case !open(listeners):
		set(metav1.ConditionFalse, gatewayv1.GatewayReasonInvalid, "no listener is served; their conditions say why")
	case len(object.Status.Addresses) == 0:
		set(metav1.ConditionFalse, gatewayv1.GatewayReasonAddressNotAssigned, "listeners are served, and the controller does not know at which "+
			"address clients reach them: start it with --publish-address, --publish-service or --gateway-addresses")
	case !told(object.Status.Conditions, is.Type, object.Generation) && len(r.Replicas.Behind(object.UID)) > 0:
		set(metav1.ConditionUnknown, gatewayv1.GatewayReasonPending, "not every ready replica serves this generation yet")
	default:
		is.Message += unpublished
	}
}

// Setup has the reconciler run in a manager.
func (r *GatewayReconciler) Setup(mgr ctrl.Manager) error {
	return r.setupKnown(mgr, gatewayapi.GatewayKind, "gateway", &r.known, r)
}
