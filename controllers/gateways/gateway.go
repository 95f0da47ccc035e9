// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/status"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gateways/status,verbs=patch

// GatewayReconciler writes the statuses of Gateways.
type GatewayReconciler struct {
	*Config

	mu sync.Mutex
	// queue is nil before the controller runs.
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
	// known are the Gateways to look at again when a port opens, or a replica has caught up.
	known map[reconcile.Request]struct{}
}

// Reconcile writes one status if it is not what it should be.
func (r *GatewayReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object gatewayv1.Gateway
	verdict, err := r.read(ctx, gatewayapi.GatewayKind, request, &object)
	if verdict == nil || err != nil {
		r.forget(request)
		return ctrl.Result{}, err
	}
	r.remember(request) // before asking what may change
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
	r.judge(&object, conditions, listeners)
	object.Status.Listeners = listeners
	status.SetConditions(&object.Status.Conditions, conditions)
	return r.Status.WriteNow(ctx, before, &object, nil, nil)
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

// listener returns the status of a listener. before are those that the Gateway had.
func (r *GatewayReconciler) listener(v *gatewayapi.ListenerVerdict, before []gatewayv1.ListenerStatus) gatewayv1.ListenerStatus {
	is := v.ListenerStatus
	conditions := slices.Clone(v.Conditions)
	if faults := r.faults(v.Served); faults != "" {
		*meta.FindStatusCondition(conditions, string(gatewayv1.ListenerConditionProgrammed)) = metav1.Condition{
			Type: string(gatewayv1.ListenerConditionProgrammed), Status: metav1.ConditionFalse, ObservedGeneration: conditions[0].ObservedGeneration,
			Reason: string(gatewayv1.ListenerReasonPortUnavailable), Message: "the data plane cannot open " + faults + ": choose another port, or free it",
		}
	}
	is.Conditions = nil
	for i := range before {
		if before[i].Name == is.Name {
			is.Conditions = slices.Clone(before[i].Conditions)
		}
	}
	status.SetConditions(&is.Conditions, conditions)
	return is
}

// faults says which addresses are not open, and why.
func (r *GatewayReconciler) faults(served []netip.AddrPort) string {
	if r.Listening == nil {
		return ""
	}
	var texts []string
	for _, at := range served {
		if fault := r.Listening.ListenFault(at); fault != "" {
			texts = append(texts, fmt.Sprintf("port %d (%s)", at.Port(), fault))
		}
	}
	return strings.Join(rules.Bounded(texts), ", ")
}

// judge changes the condition Programmed of a Gateway to what only this replica knows: whether its listeners are open,
// whether clients know its address, and whether the other replicas serve this generation too.
func (r *GatewayReconciler) judge(object *gatewayv1.Gateway, conditions []metav1.Condition, listeners []gatewayv1.ListenerStatus) {
	is := meta.FindStatusCondition(conditions, string(gatewayv1.GatewayConditionProgrammed))
	if is.Status != metav1.ConditionTrue {
		return
	}
	set := func(status metav1.ConditionStatus, reason gatewayv1.GatewayConditionReason, message string) {
		is.Status, is.Reason, is.Message = status, string(reason), message
	}
	open := slices.ContainsFunc(listeners, func(l gatewayv1.ListenerStatus) bool {
		return meta.IsStatusConditionTrue(l.Conditions, string(gatewayv1.ListenerConditionProgrammed))
	})
	before := meta.FindStatusCondition(object.Status.Conditions, is.Type)
	told := before != nil && before.Status == metav1.ConditionTrue && before.ObservedGeneration == object.Generation
	switch {
	case !open:
		set(metav1.ConditionFalse, gatewayv1.GatewayReasonInvalid, "no listener is served; their conditions say why")
	case len(object.Status.Addresses) == 0:
		set(metav1.ConditionFalse, gatewayv1.GatewayReasonAddressNotAssigned, "listeners are served, and the controller does not know at which "+
			"address clients reach them: start it with --publish-address, --publish-service or --gateway-addresses")
	case !told && len(r.Replicas.Behind(object.UID)) > 0:
		set(metav1.ConditionUnknown, gatewayv1.GatewayReasonPending, "not every ready replica serves this generation yet")
	}
}

// Setup has the reconciler run in a manager.
func (r *GatewayReconciler) Setup(mgr ctrl.Manager) error {
	r.known = make(map[reconcile.Request]struct{})
	r.Replicas.Subscribe(r.everyKnown)
	err := cluster.NewController(mgr, "gateway").
		WatchesRawSource(r.Snapshots.Changes(gatewayapi.GatewayKind)).
		WatchesRawSource(r.API.Request(gatewayapi.GatewayKind)).
		WatchesRawSource(source.Func(r.begin)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of Gateways: %w", err)
	}
	return nil
}

// begin is a source of requests for the Gateways whose ports have opened or could not be opened.
func (r *GatewayReconciler) begin(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	r.mu.Lock()
	r.queue = queue
	r.mu.Unlock()
	if r.Listening != nil {
		context.AfterFunc(ctx, r.Listening.ObserveListeners(func(netip.AddrPort) { r.everyKnown() }))
	}
	return nil
}

func (r *GatewayReconciler) remember(request reconcile.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[request] = struct{}{}
}

func (r *GatewayReconciler) forget(request reconcile.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, request)
}

// everyKnown has the Gateways looked at again. It does not wait.
func (r *GatewayReconciler) everyKnown() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.queue == nil {
		return
	}
	for request := range r.known {
		r.queue.Add(request)
	}
}
