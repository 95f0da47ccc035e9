// SPDX-License-Identifier: Apache-2.0

package ingresses

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/status"
)

// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses/status,verbs=patch

// StandardReconciler writes the addresses into the status of Ingresses of networking.k8s.io. That status has no place
// for conditions, so events tell of them.
type StandardReconciler struct {
	Snapshots *snapshots.Controller
	Peers     *replicas.Peers
	Ingresses *sources.StandardIngresses
	Addresses status.Addresses
	Status    *status.Writer
	Recorder  events.EventRecorder
	// announced is what the last events told of each Ingress. Only the one worker uses it.
	announced map[types.NamespacedName]announcement
}

// announcement is what events have told of an Ingress.
type announcement struct {
	uid        types.UID
	conditions []metav1.Condition
	unheeded   string
}

// Reconcile writes one Ingress's status if it is not what it should be, and tells in events what changed.
func (r *StandardReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object networkingv1.Ingress
	if err := r.Ingresses.Ingresses.Get(ctx, request.NamespacedName, &object); err != nil {
		delete(r.announced, request.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	addresses, err := r.Addresses.Read(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	if ours, known := r.Ingresses.Claims(&object); known && !ours {
		delete(r.announced, request.NamespacedName)
		return r.leave(ctx, &object, addresses)
	}
	if by := replicas.StandardClaimantsOf(&object); !r.Peers.Writes(object.Namespace, &by) {
		delete(r.announced, request.NamespacedName)
		return ctrl.Result{}, nil // When that changes, the object is enqueued again.
	}
	verdict := r.Snapshots.Verdict(kinds.StandardKind, &object)
	if verdict == nil {
		return ctrl.Result{}, nil // The snapshot that knows this generation enqueues the object again.
	}
	var result ctrl.Result
	written := !slices.Equal(published(&object), addresses)
	if written {
		if result, err = r.publish(ctx, &object, addresses); err != nil {
			return ctrl.Result{}, err
		}
	}
	r.tell(&object, verdict, written)
	return result, nil
}

// tell sends events for the conditions that changed. If this process has told nothing of an Ingress before, tell sends
// events for the conditions that are not True. It sends those for conditions that are True only if the addresses were
// just written: then the Ingress is new; otherwise only the process is. One event lists the annotations that have no
// effect, when the list is new or has changed.
func (r *StandardReconciler) tell(object *networkingv1.Ingress, verdict *snapshots.Verdict, written bool) {
	key := client.ObjectKeyFromObject(object)
	before, ok := r.announced[key]
	if !ok || before.uid != object.UID {
		before = announcement{}
		if !written {
			before.conditions = slices.DeleteFunc(slices.Clone(verdict.Conditions),
				func(c metav1.Condition) bool { return c.Status != metav1.ConditionTrue })
		}
	}
	r.announced[key] = announcement{object.UID, verdict.Conditions, verdict.Unheeded}
	r.Status.Tell(object, before.conditions, verdict.Conditions)
	if verdict.Unheeded != "" && verdict.Unheeded != before.unheeded {
		r.Recorder.Eventf(object, nil, corev1.EventTypeNormal, v1alpha1.ReasonAnnotationsIgnored,
			v1alpha1.ConditionAccepted, "%s", cluster.ClipMessage(verdict.Unheeded))
	}
}

// leave removes the addresses from an Ingress that was given another class. It does so only if this controller wrote
// them and nobody has written others since.
func (r *StandardReconciler) leave(
	ctx context.Context, object *networkingv1.Ingress, addresses []v1alpha1.LoadBalancerIngress,
) (ctrl.Result, error) {
	if len(addresses) == 0 || !r.Status.Wrote(object) || !slices.Equal(published(object), addresses) {
		return ctrl.Result{}, nil
	}
	return r.publish(ctx, object, nil)
}

// publish writes the addresses into the status.
func (r *StandardReconciler) publish(
	ctx context.Context, object *networkingv1.Ingress, addresses []v1alpha1.LoadBalancerIngress,
) (ctrl.Result, error) {
	before := object.DeepCopy()
	object.Status.LoadBalancer.Ingress = nil
	for _, at := range addresses {
		object.Status.LoadBalancer.Ingress = append(object.Status.LoadBalancer.Ingress,
			networkingv1.IngressLoadBalancerIngress{IP: at.IP, Hostname: at.Hostname})
	}
	return r.Status.WriteNow(ctx, before, object, nil, nil)
}

// published returns the addresses that an Ingress's status has.
func published(object *networkingv1.Ingress) []v1alpha1.LoadBalancerIngress {
	var addresses []v1alpha1.LoadBalancerIngress
	for _, at := range object.Status.LoadBalancer.Ingress {
		addresses = append(addresses, v1alpha1.LoadBalancerIngress{IP: at.IP, Hostname: at.Hostname})
	}
	return addresses
}

// Setup has the reconciler run in a manager.
func (r *StandardReconciler) Setup(mgr ctrl.Manager) error {
	r.announced = map[types.NamespacedName]announcement{}
	builder := cluster.NewController(mgr, "standardingress").
		WatchesRawSource(r.Snapshots.Changes(kinds.StandardKind)).
		WatchesRawSource(source.Func(r.Ingresses.Request))
	if changes := r.Addresses.Changes(r.every); changes != nil {
		builder.WatchesRawSource(changes)
	}
	if err := builder.Complete(r); err != nil {
		return fmt.Errorf("setting up the controller of Ingresses of networking.k8s.io: %w", err)
	}
	return nil
}

// every requests all Ingresses: the addresses of the one Service are in each of their statuses.
func (r *StandardReconciler) every(ctx context.Context) []reconcile.Request {
	if !r.Ingresses.Ingresses.Synced(ctx) {
		return nil // Each Ingress is requested when it becomes known.
	}
	var list networkingv1.IngressList
	if err := r.Ingresses.Ingresses.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "addresses are not published") // The cache always answers; do not try again.
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}
