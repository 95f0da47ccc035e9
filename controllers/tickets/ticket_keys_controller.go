// SPDX-License-Identifier: Apache-2.0

package tickets

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
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

	"github.com/warren-dev/ingress/controllers/cluster"
)

const (
	// SecretName is the name of the Secret with the keys.
	SecretName = "warren-ingress-session-tickets"
	// SecretType is the type of that Secret. A Secret of another type is left alone.
	SecretType = corev1.SecretType("ingress.warren.dev/session-tickets")
)

// ticketKeysSecret is the one Secret, in the controller's namespace, that the replicas read their keys from.
type ticketKeysSecret struct {
	cache cache.Cache
	name  client.ObjectKey
	// owner owns the Secret. Nil for no owner.
	owner *metav1.OwnerReference
}

// ticketKeysCacheOptions returns the options of a cache of that Secret alone.
func ticketKeysCacheOptions(namespace string) cache.Options {
	return cache.Options{
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: {Namespaces: map[string]cache.Config{
				namespace: {FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, SecretName)},
			}},
		},
	}
}

// read returns the Secret, nil if there is none, and its keys. fault is what is wrong with the keys.
func (s *ticketKeysSecret) read(ctx context.Context) (object *corev1.Secret, keys ticketKeys, fault, err error) {
	object = &corev1.Secret{}
	switch err := s.cache.Get(ctx, s.name, object); {
	case apierrors.IsNotFound(err):
		return nil, keys, nil, nil
	case err != nil:
		return nil, keys, nil, fmt.Errorf("reading the keys of session tickets: %w", err)
	case object.Type != SecretType:
		return nil, keys, nil, fmt.Errorf("secret %s is of type %s and in the way of the keys of session tickets: delete it", s.name, object.Type)
	}
	keys, fault = decodeTicketKeys(object.Data)
	return object, keys, fault, nil
}

// ticketKeysReader has the data plane of this replica use the keys in the Secret. If it cannot read them, the data
// plane goes on with those that it has.
type ticketKeysReader struct {
	secret *ticketKeysSecret
	tell   Tell
}

// Reconcile reads the Secret.
func (r *ticketKeysReader) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	object, keys, fault, err := r.secret.read(ctx)
	if err != nil || object == nil || fault != nil {
		return ctrl.Result{}, err
	}
	r.tell.Tickets(keys.list())
	if keys.sessions != [32]byte{} {
		r.tell.Sessions(keys.sessions)
	}
	return ctrl.Result{}, nil
}

// ticketKeysKeeper makes the keys, and changes them when it is time. Only the leader runs it.
type ticketKeysKeeper struct {
	secret   *ticketKeysSecret
	client   client.Client
	recorder events.EventRecorder
	now      func() time.Time
}

// Reconcile writes the Secret if there is none, if it is damaged or if it is time for the next key.
func (r *ticketKeysKeeper) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	object, keys, fault, err := r.secret.read(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	now := r.now()
	if object == nil {
		keys = newTicketKeys(now)
		err := r.client.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: r.secret.name.Namespace, Name: r.secret.name.Name,
				OwnerReferences: cluster.BelongingTo(r.secret.owner)},
			Type: SecretType, Data: keys.encode(),
		})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return ctrl.Result{}, fmt.Errorf("writing the keys of session tickets: %w", err)
		}
		return ctrl.Result{RequeueAfter: KeyUse}, nil
	}
	if fault == nil && keys.rotated.After(now.Add(ticketKeyClockSkew)) {
		fault = fmt.Errorf("%s is in the future", FieldRotated)
	}
	due := keys.rotated.Add(KeyUse)
	switch {
	case fault != nil:
		keys = newTicketKeys(now)
	case keys.complete():
	case now.Before(due):
		return ctrl.Result{RequeueAfter: due.Sub(now)}, nil
	default:
		keys = keys.rotate(now)
	}
	object.Data = keys.encode()
	if err := r.client.Update(ctx, object); err != nil {
		if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			return ctrl.Result{}, nil // The event of somebody else's write is on its way.
		}
		return ctrl.Result{}, fmt.Errorf("writing the keys of session tickets: %w", err)
	}
	if fault != nil {
		log.FromContext(ctx).Info("the keys of session tickets were damaged and are replaced: clients cannot resume their sessions once", "cause", fault.Error())
		r.recorder.Eventf(object, nil, corev1.EventTypeWarning, "TicketKeysReplaced", "Replace",
			"the keys were damaged (%s) and are replaced: clients cannot resume their sessions once", fault)
	}
	return ctrl.Result{RequeueAfter: KeyUse}, nil
}

// Tell is whom to tell of keys, whenever they change.
type Tell struct {
	// Tickets is called with the keys of session tickets, the one for new tickets first.
	Tickets func(keys [][32]byte)
	// Sessions is called with the key of persistent sessions.
	Sessions func(key [32]byte)
}

// Setup has this replica use the keys that all replicas share, and keeps the keys while this replica leads. They are in
// a Secret of the namespace that belongs to owner, nil for no owner.
func Setup(mgr ctrl.Manager, namespace string, owner *metav1.OwnerReference, tell Tell) error {
	held, err := cluster.AddCache(mgr, ticketKeysCacheOptions(namespace))
	if err != nil {
		return fmt.Errorf("watching the keys of session tickets: %w", err)
	}
	secret := &ticketKeysSecret{cache: held, name: client.ObjectKey{Namespace: namespace, Name: SecretName}, owner: owner}
	keeper := &ticketKeysKeeper{secret: secret, client: mgr.GetClient(), recorder: mgr.GetEventRecorder("warren-ingress"), now: time.Now}
	if err := secret.setup(mgr, "ticketkeysreader", false, &ticketKeysReader{secret: secret, tell: tell}); err != nil {
		return err
	}
	return secret.setup(mgr, "ticketkeyskeeper", true, keeper)
}

// setup has every event of the Secret reconciled. It also reconciles once at the start, because there may be no Secret.
func (s *ticketKeysSecret) setup(mgr ctrl.Manager, name string, leading bool, by reconcile.Reconciler) error {
	err := cluster.NewControllerWith(mgr, name, controller.Options{NeedLeaderElection: &leading}).
		WatchesRawSource(source.Kind(s.cache, &corev1.Secret{}, &handler.TypedEnqueueRequestForObject[*corev1.Secret]{})).
		WatchesRawSource(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			queue.Add(reconcile.Request{NamespacedName: s.name})
			return nil
		})).
		Complete(by)
	if err != nil {
		return fmt.Errorf("setting up the controller of the keys of session tickets: %w", err)
	}
	return nil
}
