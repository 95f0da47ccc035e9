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
	// certificatesAtOnce is how many certificates are worked on at the same time: an authority may take long to answer.
	certificatesAtOnce = 8
	// roomPause is when it is looked again whether an order that waits may be placed: somebody may have mended the
	// ledger.
	roomPause = 10 * time.Minute
)

// Reconciler has the certificates ordered that are due, and writes the status of TLSCertificates.
type Reconciler struct {
	// Namespace is the controller's own, and Class its ingress class.
	Namespace, Class string
	// WatchNamespaces are those whose TLSCertificates are looked after, all if there are none.
	WatchNamespaces []string
	Snapshots       *snapshots.Controller
	Peers           *replicas.Peers
	Standard        *sources.StandardIngresses
	// Secrets are those that TLSCertificates name.
	Secrets  *cluster.NamedObjects[*corev1.Secret]
	Client   client.Client
	Status   *status.Writer
	Recorder events.EventRecorder
	// Reader reads from the API server, for what must not be out of date.
	Reader   client.Reader
	Working  cache.Cache
	Issuance *orders.Issuance
	renewals *renewals
}

// Reconcile takes one step of one TLSCertificate's order, if there is one to take, and writes its status if it is not
// what it should be.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object v1alpha1.TLSCertificate
	switch err := r.Client.Get(ctx, request.NamespacedName, &object); {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, r.forget(ctx, request.NamespacedName)
	case err != nil:
		return ctrl.Result{}, err
	}
	said, ok := r.Snapshots.Conditions(v1alpha1.TLSCertificateKind, &object)
	if !ok {
		return ctrl.Result{}, nil // The snapshot that knows this generation enqueues the object again.
	}
	switch writes, err := r.writes(ctx, &object); {
	case err != nil:
		return ctrl.Result{}, err
	case !writes:
		return ctrl.Result{RequeueAfter: asidePause}, r.yield(ctx, &object)
	}
	view, after, failed := r.advance(ctx, &object, said)
	if view == nil || view.silent {
		return ctrl.Result{RequeueAfter: after}, failed
	}
	before := object.DeepCopy()
	issuing := view.issuing
	issuing.Type, issuing.ObservedGeneration = v1alpha1.ConditionIssuing, object.Generation
	view.publish(&object.Status)
	status.SetConditions(&object.Status.Conditions, append(said[:len(said):len(said)], issuing))
	is := []metav1.Condition{issuing}
	is = append(is, said...)
	written, err := r.Status.WriteNow(ctx, before, &object, before.Status.Conditions, is)
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

// advance finds out what there is to do for a TLSCertificate, and does one thing. It returns what to say, and when to
// look again.
func (r *Reconciler) advance(ctx context.Context, object *v1alpha1.TLSCertificate, said []metav1.Condition) (*certificateView, time.Duration, error) {
	secret, _ := r.Secrets.Get(types.NamespacedName{Namespace: object.Namespace, Name: string(object.Spec.SecretName)})
	now := r.Issuance.Now()
	view := &certificateView{leaf: sources.Leaf(secret), state: &orders.State{}}
	if object.Spec.AutoRenew != nil && !*object.Spec.AutoRenew {
		return view, view.watch(object, now), nil
	}
	if refused := meta.FindStatusCondition(said, v1alpha1.ConditionAccepted); refused != nil && refused.Status == metav1.ConditionFalse {
		view.say(metav1.ConditionFalse, refused.Reason, "nothing is ordered: Accepted says why")
		return view, 0, nil
	}
	switch unwanted, ours, err := r.unwanted(ctx, object); {
	case err != nil:
		return nil, 0, err
	case !ours:
		return r.standAside(ctx, object, said, view, "another controller serves the Ingress that this TLSCertificate is of")
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
	return r.order(ctx, object, said, view)
}

// order takes a step of an order, from what the API server says and no cache.
func (r *Reconciler) order(ctx context.Context, object *v1alpha1.TLSCertificate, said []metav1.Condition, view *certificateView) (*certificateView, time.Duration, error) {
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
		return r.standAside(ctx, live, said, view, elsewhere)
	}
	spec, err := orders.SpecOf(&live.Spec, r.Issuance.Directory)
	if err != nil {
		return nil, 0, err
	}
	state := working.State
	if givenUp := state.Accept(live.UID, spec); givenUp != "" {
		if err := r.Issuance.Ledger.Fail(ctx, givenUp); err != nil {
			return nil, 0, err
		}
	}
	view.state = state
	d := r.due(ctx, live, secret, view)
	theirs := certificates.Foreign(secret, live)
	j := r.Issuance.Pass(live, working, secret, d.renewal)
	waits, err := j.Waits(ctx)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case d.why == "" && state.Attempt == nil:
		// What is kept of an order that is not wanted any more goes.
		state.Succeed()
		view.say(metav1.ConditionFalse, v1alpha1.ReasonUpToDate, "no certificate is due")
		return view, max(min(view.renewal.Sub(now), d.ask), time.Second), r.Issuance.Orders.Delete(ctx, working.Object)
	case theirs != "":
		view.say(metav1.ConditionFalse, v1alpha1.ReasonSecretConflict, theirs)
		return view, time.Minute, nil
	case waits:
		view.say(metav1.ConditionFalse, state.Reason, state.Fault)
		return view, min(state.NextAttempt.Sub(now), roomPause), nil
	case state.Held(now):
		view.progress(state.Attempt.Hold.Fault)
		return view, state.Next().Sub(now), nil
	case live.Annotations[cluster.OrderedByAnnotation] != r.name():
		if err := r.claim(ctx, live); err != nil {
			return nil, 0, err
		}
		return nil, 0, errStale // The event of the claim is on its way.
	}
	return r.step(ctx, j, view)
}

// step takes the next step of an order, and says what came of it.
func (r *Reconciler) step(ctx context.Context, j *orders.Job, view *certificateView) (*certificateView, time.Duration, error) {
	state, after := j.State(), orders.AtOnce
	var err error
	if state.Attempt == nil {
		err = j.Begin(ctx)
	} else {
		after, err = j.Advance(ctx)
	}
	switch {
	case apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err):
		return nil, 0, errStale
	case err != nil:
		text := "the cluster does not answer"
		if failed, ok := errors.AsType[*acme.Error](err); ok {
			text = j.Redact(failed.Error())
			err = errors.New(text) // What it was made of may quote a challenge.
		} else if wrong, ok := errors.AsType[*cluster.Mendable](err); ok {
			text = wrong.Text
		}
		view.progress(text)
		return view, 0, err
	}
	switch now := j.Now(); {
	case state.Waits(now):
		view.say(metav1.ConditionFalse, state.Reason, state.Fault)
	case state.Held(now):
		view.progress(state.Attempt.Hold.Fault)
	default:
		view.progress("")
	}
	return view, after, nil
}

// errStale ends a pass that was begun on what is out of date.
var errStale = errors.New("the object has changed meanwhile")

// dueness is why a certificate has to be ordered.
type dueness struct {
	// why is empty if it does not.
	why string
	// renewal is whether that is because of the time alone.
	renewal bool
	// ask is when to ask the authority again.
	ask time.Duration
}

// due says why a certificate has to be ordered. It notes on the view when it is due.
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

// unwanted says whether the Ingress that a TLSCertificate was made for asks for it no longer, and whether it is this
// controller's to serve.
func (r *Reconciler) unwanted(ctx context.Context, object *v1alpha1.TLSCertificate) (unwanted, ours bool, err error) {
	owner, err := r.owner(ctx, object)
	if owner == nil || err != nil {
		return false, true, err
	}
	return !owner.wants, owner.ours, nil
}

// handedOver says whether a TLSCertificate is of an Ingress that names this controller's class: whoever ordered for it
// before does so no longer.
func (r *Reconciler) handedOver(ctx context.Context, object *v1alpha1.TLSCertificate) (bool, error) {
	owner, err := r.owner(ctx, object)
	if owner == nil || err != nil {
		return false, err
	}
	return owner.named, nil
}

// keptIn names the TLSCertificates that keep their certificate in a Secret: what they say of it is to follow when
// somebody replaces it.
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

// secretsRead is a source of requests for the TLSCertificates of each Secret of which something else is known.
func (r *Reconciler) secretsRead(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	r.Secrets.Subscribe(func(secret types.NamespacedName) {
		for _, request := range r.keptIn(ctx, secret) {
			queue.Add(request)
		}
	})
	return nil
}

// orderedIn names the TLSCertificate that a working Secret is for, if it is looked after.
func (r *Reconciler) orderedIn(_ context.Context, working *corev1.Secret) []reconcile.Request {
	certificate := orders.CertificateOf(working)
	if certificate.Name == "" || len(r.WatchNamespaces) > 0 && !slices.Contains(r.WatchNamespaces, certificate.Namespace) {
		return nil
	}
	return []reconcile.Request{{NamespacedName: certificate}}
}

// forget gives up what is kept of the orders of a TLSCertificate that is gone, whenever it went: Kubernetes does not,
// as they are in another namespace.
func (r *Reconciler) forget(ctx context.Context, certificate types.NamespacedName) error {
	r.renewals.forget(certificate)
	working, err := r.Issuance.Orders.Cached(ctx, certificate)
	if err != nil || working == nil {
		return err
	}
	if err := r.Reader.Get(ctx, certificate, &v1alpha1.TLSCertificate{}); !apierrors.IsNotFound(err) {
		return err // It is there, and its event on its way.
	}
	return r.Issuance.Orders.Delete(ctx, working)
}

// name is the controller's among several.
func (r *Reconciler) name() string { return r.Namespace + "/" + r.Class }

// Setup has the reconciler run in a manager.
func (r *Reconciler) Setup(mgr ctrl.Manager) error {
	r.renewals = newRenewals(r.Issuance.Authority)
	err := ctrl.NewControllerManagedBy(mgr).Named("tlscertificate").
		For(&v1alpha1.TLSCertificate{}).
		WatchesRawSource(source.Func(r.secretsRead)).
		WatchesRawSource(r.Snapshots.Changes(v1alpha1.TLSCertificateKind)).
		WatchesRawSource(source.Kind(r.Working, &corev1.Secret{}, handler.TypedEnqueueRequestsFromMapFunc(r.orderedIn))).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: certificatesAtOnce,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](orders.RetryStepFirst, orders.RetryStepLimit),
		}).
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
