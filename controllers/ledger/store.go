// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/cluster"
)

// +kubebuilder:rbac:groups="",resources=configmaps,namespace=warren-system,verbs=get;create;update

const (
	ledgerName  = "warren-ingress-acme-orders"
	ledgerField = "orders.json"
)

// Store keeps the ledger in a ConfigMap of the controller's namespace. A write succeeds only if nobody else has written
// since the read, so two orders cannot both take the last place of a limit.
type Store struct {
	reader    client.Reader
	client    client.Client
	namespace string
	limits    Limits
	// owner owns the ConfigMap. Nil for no owner.
	owner *metav1.OwnerReference
	// writing is held from reading the ledger to writing it, so that orders placed at the same time do not make each
	// other's writes fail.
	writing sync.Mutex
}

// NewStore returns a Store that keeps the ledger in this namespace and holds orders to the limits.
func NewStore(mgr ctrl.Manager, namespace string, owner *metav1.OwnerReference, limits Limits) *Store {
	return &Store{reader: mgr.GetAPIReader(), client: mgr.GetClient(), namespace: namespace, owner: owner, limits: limits}
}

// Reserve enters an order before it is placed. If there is no room, it returns when there will be, and why not earlier.
func (s *Store) Reserve(ctx context.Context, e Entry) (at time.Time, why string, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	object, entries, err := s.read(ctx)
	if err != nil {
		return time.Time{}, "", err
	}
	for _, known := range entries {
		if known.ID == e.ID {
			return time.Time{}, "", nil
		}
	}
	e.Lifetime = entries.lifetime(e.Names)
	if at, why := entries.next(e.Time, e, s.limits); !at.IsZero() {
		return at, why, nil
	}
	return time.Time{}, "", s.write(ctx, object, entries.enter(e, s.limits))
}

// Room returns whether an order that was held back may be placed now. It takes the lifetime of certificates from the
// ledger in the controller's own namespace only: whoever may write the certificates' Secrets could otherwise have them
// ordered without end.
func (s *Store) Room(ctx context.Context, e Entry) (bool, error) {
	_, entries, err := s.read(ctx)
	if err != nil {
		return false, err
	}
	e.Lifetime = entries.lifetime(e.Names)
	at, _ := entries.next(e.Time, e, s.limits)
	return at.IsZero(), nil
}

// Lifetime returns how long certificates for a set of names live, 0 if that is not known or is very long.
func (s *Store) Lifetime(ctx context.Context, names string) (time.Duration, error) {
	_, entries, err := s.read(ctx)
	return lifetimeIn(entries.lifetime(names)), err
}

// Placed returns the entry of that ID, if it is an order for this set of names and has not failed.
func (s *Store) Placed(ctx context.Context, id, certificate, names string) (Entry, bool, error) {
	_, entries, err := s.read(ctx)
	if err != nil {
		return Entry{}, false, err
	}
	e, ok := entries.placed(id, certificate, names)
	return e, ok, nil
}

// Fail notes that an order led to no certificate.
func (s *Store) Fail(ctx context.Context, id string) error {
	return s.change(ctx, func(l ledger) (ledger, bool) { return l.fail(id) })
}

// Cancel takes out an order that was never placed, and that nobody goes on with.
func (s *Store) Cancel(ctx context.Context, id string) error {
	return s.change(ctx, func(l ledger) (ledger, bool) { return l.cancel(id) })
}

// Issued notes the lifetime of the certificate that an order led to.
func (s *Store) Issued(ctx context.Context, id string, lifetime time.Duration) error {
	return s.change(ctx, func(l ledger) (ledger, bool) { return l.issued(id, lifetime) })
}

func (s *Store) change(ctx context.Context, change func(ledger) (ledger, bool)) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	object, entries, err := s.read(ctx)
	if err != nil {
		return err
	}
	changed, ok := change(entries)
	if !ok {
		return nil
	}
	return s.write(ctx, object, changed)
}

// Read returns the orders in the ledger of a namespace, oldest first.
func Read(ctx context.Context, reader client.Reader, namespace string) ([]Entry, error) {
	_, entries, err := (&Store{reader: reader, namespace: namespace}).read(ctx)
	return entries, err
}

func (s *Store) read(ctx context.Context) (*corev1.ConfigMap, ledger, error) {
	object := &corev1.ConfigMap{}
	err := s.reader.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: ledgerName}, object)
	if apierrors.IsNotFound(err) {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: ledgerName,
			OwnerReferences: cluster.BelongingTo(s.owner)}}, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the ledger of orders: %w", err)
	}
	var entries ledger
	if text := object.Data[ledgerField]; text != "" {
		if err := json.Unmarshal([]byte(text), &entries); err != nil {
			return nil, nil, &cluster.Mendable{Text: fmt.Sprintf("the ledger of orders in ConfigMap %s/%s is damaged: restore it, or delete it to begin anew", s.namespace, ledgerName)}
		}
	}
	return object, entries, nil
}

func (s *Store) write(ctx context.Context, object *corev1.ConfigMap, entries ledger) error {
	text, err := json.Marshal(entries)
	if err != nil {
		return fmt.Errorf("encoding the ledger of orders: %w", err)
	}
	object.Data = map[string]string{ledgerField: string(text)}
	if object.ResourceVersion == "" {
		err = s.client.Create(ctx, object)
	} else {
		err = s.client.Update(ctx, object)
	}
	if err != nil {
		return fmt.Errorf("writing the ledger of orders: %w", err)
	}
	return nil
}
