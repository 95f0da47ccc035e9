// SPDX-License-Identifier: Apache-2.0

package issuing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/orders"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/status"
)

// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tlscertificates,verbs=get;list;watch
// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tlscertificates/status,verbs=patch

const (
	// certificatesAtOnce is how many certificates are worked on at the same time. An authority may take long to answer.
	certificatesAtOnce = 8
	// roomPause is the pause between two looks at the ledger for an order that waits for room in it. Somebody may have
	// mended the ledger meanwhile.
	roomPause = 10 * time.Minute
)

// Reconciler orders the certificates that are due, and writes the statuses of TLSCertificates.
type Reconciler struct {
	// Namespace is the controller's own, and Class its ingress class.
	Namespace, Class string
	// WatchNamespaces are the namespaces whose TLSCertificates it looks after. If it is empty, those are all namespaces.
	WatchNamespaces []string
	Snapshots       *snapshots.Controller
	Peers           *replicas.Peers
	Standard        *sources.StandardIngresses
	// Secrets are the Secrets that TLSCertificates name.
	Secrets  *cluster.NamedObjects[*corev1.Secret]
	Client   client.Client
	Status   *status.Writer
	Recorder events.EventRecorder
	// Reader reads from the API server. What must not be out of date is read by it.
	Reader   client.Reader
	Working  cache.Cache
	Issuance *orders.Issuance
	// OrdersNothing has no certificate ordered. The Secrets that others write are served all the same.
	OrdersNothing bool
	// OrderNamespaces are the namespaces whose certificates are ordered. If it is empty, those are all namespaces.
	OrderNamespaces []string
	renewals        *renewals
}

// Reconcile takes one step of one TLSCertificate's order, if a step is due. It writes the status if that is not what it
// should be.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object v1alpha1.TLSCertificate
	switch err := r.Client.Get(ctx, request.NamespacedName, &object); {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, r.forget(ctx, request.NamespacedName)
	case err != nil:
		return ctrl.Result{}, err
	}
	verdict := r.Snapshots.Verdict(v1alpha1.TLSCertificateKind, &object)
	if verdict == nil {
		return ctrl.Result{}, nil // The next snapshot knows this generation and enqueues the object again.
	}
	conditions := verdict.Conditions
	switch writes, err := r.writes(ctx, &object); {
	case err != nil:
		return ctrl.Result{}, err
	case !writes:
		return ctrl.Result{RequeueAfter: asidePause}, r.yield(ctx, &object)
	}
	view, after, failed := r.advance(ctx, &object, conditions, verdict.Unrouted)
	if view == nil || view.silent {
		return ctrl.Result{RequeueAfter: after}, failed
	}
	before := object.DeepCopy()
	issuing := view.issuing
	if ignored := r.Issuance.Ignores(&object.Spec); ignored != "" && issuing.Reason != v1alpha1.ReasonNotRenewed {
		issuing.Message = cluster.ClipMessage(issuing.Message + "; " + ignored)
	}
	issuing.Type, issuing.ObservedGeneration = v1alpha1.ConditionIssuing, object.Generation
	view.publish(&object.Status)
	object.Status.ObservedGeneration = object.Generation
	status.SetConditions(&object.Status.Conditions, append(conditions[:len(conditions):len(conditions)], issuing))
	status.SummarizeTLSCertificate(&object.Status.Conditions, object.Generation)
	newConditions := []metav1.Condition{issuing}
	newConditions = append(newConditions, conditions...)
	written, err := r.Status.WriteNow(ctx, before, &object, before.Status.Conditions, newConditions)
	if err != nil {
		return ctrl.Result{}, err
	}
	if view.notice != "" && object.ResourceVersion != before.ResourceVersion {
		r.Recorder.Eventf(&object, nil, corev1.EventTypeWarning, "CertificateExpires", "Watch", "%s", view.notice)
	}
	if failed != nil {
		return ctrl.Result{}, failed
	}
	if after == 0 || written.RequeueAfter > 0 && written.RequeueAfter < after {
		after = written.RequeueAfter
	}
	return ctrl.Result{RequeueAfter: after}, nil
}

// advance finds out what there is to do for a TLSCertificate, and does one thing. It returns what the status is to say,
// and when to look again. unrouted says why no order but a renewal may begin, or
// nothing.
func (r *Reconciler) advance(ctx context.Context, object *v1alpha1.TLSCertificate, conditions []metav1.Condition,
	unrouted string) (*certificateView, time.Duration, error) {
	secret, _ := r.Secrets.Get(types.NamespacedName{Namespace: object.Namespace, Name: string(object.Spec.SecretName)})
	now := r.Issuance.Now()
	view := &certificateView{leaf: sources.Leaf(secret), state: &orders.State{}, unrouted: unrouted}
	if object.Spec.AutoRenew != nil && !*object.Spec.AutoRenew {
		return view, view.watch(object, now), nil
	}
	if why := r.ordersNothingIn(object.Namespace); why != "" {
		view.say(metav1.ConditionFalse, v1alpha1.ReasonOrderingOff,
			"this controller orders no certificates"+why+": keep the certificate in the Secret yourself, and write autoRenew: false")
		return view, 0, nil
	}
	if refused := meta.FindStatusCondition(conditions, v1alpha1.ConditionAccepted); refused != nil && refused.Status == metav1.ConditionFalse {
		view.say(metav1.ConditionFalse, refused.Reason, "nothing is ordered: Accepted says why")
		return view, 0, nil
	}
	switch unwanted, ours, err := r.unwanted(ctx, object); {
	case err != nil:
		return nil, 0, err
	case !ours:
		return r.standAside(ctx, object, conditions, view, "another controller serves the Ingress that this TLSCertificate is of")
	case unwanted:
		view.say(metav1.ConditionFalse, v1alpha1.ReasonNotWanted, "the Ingress that this TLSCertificate was made for wants no certificate any more")
		return view, 0, nil
	}
	working, err := r.Issuance.Orders.Read(ctx, r.Working, client.ObjectKeyFromObject(object))
	if err != nil {
		return view.blocked(err)
	}
	d := r.due(ctx, object, secret, view)
	if d.why == "" && working.Object.ResourceVersion == "" {
		view.say(metav1.ConditionFalse, v1alpha1.ReasonUpToDate, "no certificate is due")
		return view, max(min(view.renewal.Sub(now), d.ask), time.Second), nil
	}
	return r.order(ctx, object, conditions, view)
}

// ordersNothingIn says why nothing is ordered in a namespace, or returns nothing. Where the controller may not write
// Secrets, what was ordered would be lost.
func (r *Reconciler) ordersNothingIn(namespace string) string {
	switch {
	case r.OrdersNothing:
		return ", as --acme=false says"
	case len(r.OrderNamespaces) > 0 && !slices.Contains(r.OrderNamespaces, namespace):
		return " in this namespace, which --acme-namespaces does not list"
	}
	return ""
}

// order takes a step of an order. It decides upon what the API server says, and reads no cache.
func (r *Reconciler) order(ctx context.Context, object *v1alpha1.TLSCertificate, conditions []metav1.Condition, view *certificateView) (*certificateView, time.Duration, error) {
	now := r.Issuance.Now()
	live := &v1alpha1.TLSCertificate{}
	if err := r.Reader.Get(ctx, client.ObjectKeyFromObject(object), live); err != nil {
		return nil, 0, err
	}
	if live.UID != object.UID || live.Generation != object.Generation || live.DeletionTimestamp != nil {
		return nil, 0, errStale // The event of the newer one is on its way.
	}
	secret, err := certificates.SecretOf(ctx, r.Reader, live)
	if err != nil {
		return nil, 0, err
	}
	working, err := r.Issuance.Orders.Read(ctx, r.Reader, client.ObjectKeyFromObject(live))
	if err != nil {
		return view.blocked(err)
	}
	view.leaf = sources.Leaf(secret)
	elsewhere, err := r.elsewhere(ctx, live)
	if err != nil {
		return nil, 0, err
	}
	if elsewhere != "" {
		return r.standAside(ctx, live, conditions, view, elsewhere)
	}
	spec, err := orders.SpecOf(&live.Spec, r.Issuance.Directory)
	if err != nil {
		return nil, 0, err
	}
	state := working.State
	closing := state.Closing != nil
	if err := r.Issuance.GiveUp(ctx, working, state.Accept(live.UID, spec)); err != nil {
		return nil, 0, err
	}
	view.state = state
	d := r.due(ctx, live, secret, view)
	theirs := certificates.Foreign(secret, live)
	j := r.Issuance.Pass(live, working, secret, d.renewal)
	switch {
	case closing:
		return r.step(ctx, view, j, func(ctx context.Context) (time.Duration, error) { return orders.AtOnce, j.Close(ctx) })
	case d.why == "" && state.Attempt == nil:
		// What is kept of an order that nobody wants any more goes.
		view.say(metav1.ConditionFalse, v1alpha1.ReasonUpToDate, "no certificate is due")
		return view, max(min(view.renewal.Sub(now), d.ask), time.Second), j.Forget(ctx)
	case view.unrouted != "" && !d.renewal && state.Attempt == nil:
		view.say(metav1.ConditionFalse, v1alpha1.ReasonHostNotRouted, view.unrouted)
		return view, 0, nil // The snapshot that has a rule enqueues the object again.
	case theirs != "":
		view.say(metav1.ConditionFalse, v1alpha1.ReasonSecretConflict, theirs)
		return view, time.Minute, nil
	}
	switch waits, err := j.Waits(ctx); {
	case err != nil:
		return r.failed(view, j, err)
	case waits:
		view.say(metav1.ConditionFalse, state.Reason, state.Fault)
		return view, min(state.NextAttempt.Sub(now), roomPause), nil
	case state.Paused(now):
		view.progress(state.Attempt.Pause.Fault)
		return view, state.Next().Sub(now), nil
	case live.Annotations[cluster.OrderedByAnnotation] != r.name():
		if err := r.claim(ctx, live); err != nil {
			return nil, 0, err
		}
		return nil, 0, errStale // The event of the claim is on its way.
	}
	return r.step(ctx, view, j, j.Advance)
}

// step takes a step of an order. The view says what came of it.
func (r *Reconciler) step(ctx context.Context, view *certificateView, j *orders.Job,
	take func(context.Context) (time.Duration, error)) (*certificateView, time.Duration, error) {
	after, err := take(ctx)
	if err != nil {
		return r.failed(view, j, err)
	}
	switch state, now := j.State(), j.Now(); {
	case state.Waits(now):
		view.say(metav1.ConditionFalse, state.Reason, state.Fault)
	case state.Paused(now):
		view.progress(state.Attempt.Pause.Fault)
	default:
		view.progress("")
	}
	return view, after, nil
}

// failed makes the view say why a step of an order could not be taken.
func (r *Reconciler) failed(view *certificateView, j *orders.Job, err error) (*certificateView, time.Duration, error) {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return nil, 0, errStale
	}
	text := "the cluster does not answer"
	if failed, ok := errors.AsType[*acme.Error](err); ok {
		text = j.Redact(failed.Error())
		err = errors.New(text) // The error that it wraps may quote a challenge.
	} else if wrong, ok := errors.AsType[*cluster.Mendable](err); ok {
		text = wrong.Text
	} else if unsolved, ok := errors.AsType[*orders.SolverError](err); ok {
		text = unsolved.Text
	}
	view.progress(text)
	return view, 0, err
}

// errStale ends a pass that began with an object that is out of date.
var errStale = errors.New("the object has changed meanwhile")

// dueness says whether a certificate has to be ordered, and why.
type dueness struct {
	// why is the reason to order one. It is empty if there is none.
	why string
	// renewal is true if the age of the certificate is the only reason.
	renewal bool
	// ask is when to ask the authority again when to renew.
	ask time.Duration
}

// due finds out whether a certificate has to be ordered. The view gets the time at which it is due.
func (r *Reconciler) due(ctx context.Context, object *v1alpha1.TLSCertificate, secret *corev1.Secret,
	view *certificateView) dueness {
	from := certificates.OriginOf(secret, view.leaf)
	in := certificates.DueInput{Now: r.Issuance.Now(), Hosts: certificates.HostsOf(&object.Spec), KeyType: certificates.KeyTypeWanted(&object.Spec), Directory: r.Issuance.Directory,
		Found: secret != nil, MadeBy: from.Directory}
	d := dueness{ask: renewalAskDefault}
	if secret != nil {
		parsed := sources.ParseSecret(secret)
		if in.Fault = parsed.Fault; in.Fault == "" {
			in.Leaf = view.leaf
		}
	}
	if in.Leaf != nil {
		var window *acme.Window
		if in.MadeBy == in.Directory {
			window, d.ask = r.renewals.window(ctx, object, in.Leaf, in.Now)
		}
		in.Renewal = certificates.RenewalTime(in.Leaf, from.IssuedAt, window)
		view.renewal = in.Renewal
	}
	d.why, d.renewal = certificates.Due(&in)
	return d
}

// unwanted looks at the Ingress that a TLSCertificate was made for. It returns whether the Ingress no longer wants a
// certificate, and whether this controller serves it.
func (r *Reconciler) unwanted(ctx context.Context, object *v1alpha1.TLSCertificate) (unwanted, ours bool, err error) {
	owner, err := r.owner(ctx, object)
	if owner == nil || err != nil {
		return false, true, err
	}
	return !owner.wants, owner.ours, nil
}

// handedOver says whether the Ingress of a TLSCertificate names this controller's class. If so, no other controller
// orders for it any more.
func (r *Reconciler) handedOver(ctx context.Context, object *v1alpha1.TLSCertificate) (bool, error) {
	owner, err := r.owner(ctx, object)
	if owner == nil || err != nil {
		return false, err
	}
	return owner.named, nil
}

// keptIn returns a request for each TLSCertificate that keeps its certificate in a Secret. If somebody replaces the
// Secret, their statuses have to follow.
func (r *Reconciler) keptIn(ctx context.Context, secret types.NamespacedName) []reconcile.Request {
	var list v1alpha1.TLSCertificateList
	if err := r.Client.List(ctx, &list, client.InNamespace(secret.Namespace), client.MatchingFields{cluster.BySecret: secret.Name},
		client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "listing the TLSCertificates of a Secret")
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// secretsRead is a source of requests. If a Secret changes, it requests the TLSCertificates that name it.
func (r *Reconciler) secretsRead(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	r.Secrets.Subscribe(func(secret types.NamespacedName) {
		for _, request := range r.keptIn(ctx, secret) {
			queue.Add(request)
		}
	})
	return nil
}

// orderedIn returns a request for the TLSCertificate of a working Secret, if the controller watches its namespace.
func (r *Reconciler) orderedIn(_ context.Context, working *corev1.Secret) []reconcile.Request {
	certificate := orders.CertificateOf(working)
	if certificate.Name == "" || len(r.WatchNamespaces) > 0 && !slices.Contains(r.WatchNamespaces, certificate.Namespace) {
		return nil
	}
	return []reconcile.Request{{NamespacedName: certificate}}
}

// forget deletes what is kept of the orders of a TLSCertificate that is gone. Kubernetes does not do it, because the
// working Secret is in another namespace. The TLSCertificate may have gone while no controller ran.
func (r *Reconciler) forget(ctx context.Context, certificate types.NamespacedName) error {
	r.renewals.forget(certificate)
	working, err := r.Issuance.Orders.Cached(ctx, certificate)
	if err != nil || working == nil {
		return err
	}
	if err := r.Reader.Get(ctx, certificate, &v1alpha1.TLSCertificate{}); !apierrors.IsNotFound(err) {
		return err // The TLSCertificate is there again, and its event is on its way.
	}
	return r.Issuance.Discard(ctx, working)
}

// name tells this controller from others.
func (r *Reconciler) name() string { return r.Namespace + "/" + r.Class }

// Setup makes a manager run the reconciler.
func (r *Reconciler) Setup(mgr ctrl.Manager) error {
	r.renewals = newRenewals(r.Issuance.Authority)
	options := controller.Options{
		MaxConcurrentReconciles: certificatesAtOnce,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](orders.RetryStepFirst, orders.RetryStepLimit),
	}
	err := cluster.NewControllerWith(mgr, "tlscertificate", options).
		For(&v1alpha1.TLSCertificate{}).
		WatchesRawSource(source.Func(r.secretsRead)).
		WatchesRawSource(r.Snapshots.Changes(v1alpha1.TLSCertificateKind)).
		WatchesRawSource(source.Kind(r.Working, &corev1.Secret{}, handler.TypedEnqueueRequestsFromMapFunc(r.orderedIn))).
		Complete(reconcile.Func(func(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
			result, err := r.Reconcile(ctx, request)
			if errors.Is(err, errStale) || apierrors.IsConflict(err) {
				return ctrl.Result{RequeueAfter: orders.PresencePause}, nil
			}
			return result, err
		}))
	if err != nil {
		return fmt.Errorf("setting up the controller of TLSCertificates: %w", err)
	}
	return nil
}
