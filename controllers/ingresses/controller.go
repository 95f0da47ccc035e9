// SPDX-License-Identifier: Apache-2.0

package ingresses

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/controllers/status"
)

// +kubebuilder:rbac:groups=ingress.warren.dev,resources=ingresses,verbs=list;watch
// +kubebuilder:rbac:groups=ingress.warren.dev,resources=ingresses/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// The library that elects tells of it in the older form, in the namespace of its Lease.
// +kubebuilder:rbac:groups="",resources=events,namespace=warren-system,verbs=create

// Reconciler writes the status of Ingresses: what the snapshot controller found out about each, and the addresses at
// which clients reach the data plane.
type Reconciler struct {
	Client    client.Client
	Class     string
	Snapshots *snapshots.Controller
	Peers     *replicas.Peers
	Replicas  *replicas.Replicas
	laggards  *laggards
	Addresses status.Addresses
	Status    *status.Writer
}

// Reconcile writes one Ingress's status if it is not what it should be.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object v1alpha1.Ingress
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		object.Namespace, object.Name = request.Namespace, request.Name
		r.laggards.forget(&object)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := object.DeepCopy()

	if !kinds.Claims(&object, r.Class) {
		r.laggards.forget(&object)
		if !r.abandoned(&object) {
			return ctrl.Result{}, nil
		}
		disown(&object.Status)
		return r.Status.WriteNow(ctx, before, &object, nil, nil)
	}
	if by := replicas.ClaimantsOf(&object); !r.Peers.Writes(object.Namespace, &by) {
		r.laggards.forget(&object)
		return ctrl.Result{}, nil // When that changes, the object is enqueued again.
	}

	conditions, ok := r.Snapshots.Conditions(v1alpha1.IngressKind, &object)
	if !ok {
		return ctrl.Result{}, nil // The snapshot that knows this generation enqueues the object again.
	}
	addresses, err := r.Addresses.Read(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	conditions, err = r.explain(ctx, &object, r.laggards.judge(&object, conditions))
	if err != nil {
		return ctrl.Result{}, err
	}
	object.Status.ObservedGeneration = object.Generation
	object.Status.Hosts = hostsText(&object.Spec)
	object.Status.LoadBalancer.Ingress = addresses
	status.SetConditions(&object.Status.Conditions, conditions)
	if object.Spec.TLS == nil {
		meta.RemoveStatusCondition(&object.Status.Conditions, v1alpha1.ConditionCertificateReady)
	}
	status.SummarizeIngress(&object.Status.Conditions, object.Generation)
	return r.Status.WriteNow(ctx, before, &object, before.Status.Conditions, conditions)
}

// explain returns the conditions of an Ingress. If its certificate is not there, and the TLSCertificate that was made
// for it waits until somebody changes something, CertificateReady says that and why.
func (r *Reconciler) explain(ctx context.Context, object *v1alpha1.Ingress, conditions []metav1.Condition) ([]metav1.Condition, error) {
	at := slices.IndexFunc(conditions, func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionCertificateReady && c.Reason == v1alpha1.ReasonNotYetIssued
	})
	ordering, _ := kinds.ReadWarren(object).Ordering()
	if at < 0 || ordering == nil {
		return conditions, nil
	}
	var certificate v1alpha1.TLSCertificate
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: object.Namespace, Name: ordering.Secret}, &certificate); err != nil {
		return conditions, client.IgnoreNotFound(err)
	}
	stalled := meta.FindStatusCondition(certificate.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.ObservedGeneration != certificate.Generation || !metav1.IsControlledBy(&certificate, object) {
		return conditions, nil
	}
	explained := slices.Clone(conditions) // The snapshot has the others.
	explained[at].Reason = stalled.Reason
	explained[at].Message = cluster.ClipMessage(explained[at].Message + "; TLSCertificate " + certificate.Name + " says: " + stalled.Message)
	return explained, nil
}

// abandoned returns whether the status of an Ingress of another class is one that this controller left behind. Another
// controller of this kind may own the status by now: then it speaks of the present generation, or is not under our
// name.
func (r *Reconciler) abandoned(object *v1alpha1.Ingress) bool {
	return object.Status.ObservedGeneration != object.Generation && r.Status.Wrote(object)
}

// disown removes from a status what this controller wrote. It is for an Ingress that was given another class.
func disown(status *v1alpha1.IngressStatus) {
	status.Conditions = slices.DeleteFunc(status.Conditions, func(c metav1.Condition) bool {
		switch c.Type {
		case v1alpha1.ConditionAccepted, v1alpha1.ConditionResolvedRefs, v1alpha1.ConditionProgrammed, v1alpha1.ConditionCertificateReady,
			v1alpha1.ConditionReady, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling:
			return true
		}
		return false
	})
	status.ObservedGeneration = v1alpha1.NoGeneration
	status.Hosts = ""
	status.LoadBalancer = v1alpha1.LoadBalancerStatus{}
}

// hostsText returns, for a column, the first host of an Ingress and how many others there are.
func hostsText(spec *v1alpha1.IngressSpec) string {
	hosts := make([]string, len(spec.Rules))
	for i := range spec.Rules {
		hosts[i] = cmp.Or(string(spec.Rules[i].Host), everyHost)
	}
	if len(hosts) == 0 {
		return ""
	}
	first := hosts[0]
	slices.Sort(hosts)
	if others := len(slices.Compact(hosts)) - 1; others > 0 {
		return first + " +" + strconv.Itoa(others)
	}
	return first
}

// everyHost is how a rule for every host is shown, as kubectl does for Ingresses of networking.k8s.io.
const everyHost = "*"

// Setup has the reconciler run in a manager. It watches Ingresses, what the snapshots say of them, and the addresses.
func (r *Reconciler) Setup(mgr ctrl.Manager) error {
	r.laggards = newLaggards(r.Replicas.Behind)
	r.Replicas.Subscribe(r.laggards.changed)
	builder := cluster.NewController(mgr, "ingress").
		For(&v1alpha1.Ingress{}).
		Owns(&v1alpha1.TLSCertificate{}).
		WatchesRawSource(r.Snapshots.Changes(v1alpha1.IngressKind)).
		WatchesRawSource(r.laggards.changes())
	if changes := r.Addresses.Changes(r.every); changes != nil {
		builder.WatchesRawSource(changes)
	}
	if err := builder.Complete(r); err != nil {
		return fmt.Errorf("setting up the controller of Ingresses: %w", err)
	}
	return nil
}

// every requests all Ingresses: the addresses of the one Service are in each of their statuses.
func (r *Reconciler) every(ctx context.Context) []reconcile.Request {
	var list v1alpha1.IngressList
	if err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		// The cache always answers, so nothing would be gained by trying again.
		log.FromContext(ctx).Error(err, "addresses are not published")
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}
