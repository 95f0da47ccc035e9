// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/cluster"
)

// +kubebuilder:rbac:groups="",resources=secrets,namespace=warren-system,verbs=get;list;watch;create;update;delete

const (
	orderSecretType   = corev1.SecretType("ingress.warren.dev/acme-order")
	orderSecretPrefix = "warren-ingress-acme-order-"
	orderStateField   = "order.json"
	// orderLabel holds the ingress class. Controllers of several classes may share a namespace.
	orderLabel = "ingress.warren.dev/order"
	// orderNamespaceLabel holds the namespace of the TLSCertificate. The name of the TLSCertificate may be longer than a
	// label can be. It is in cluster.TLSCertificateAnnotation, behind the namespace.
	orderNamespaceLabel = "ingress.warren.dev/certificate-namespace"
)

// Working is the Secret of a TLSCertificate's order, as somebody has read it.
type Working struct {
	Object *corev1.Secret
	State  *State
}

// key returns the pending private key, as PEM.
func (w *Working) key() []byte { return w.Object.Data[corev1.TLSPrivateKeyKey] }

// orderSecretName returns the name of a TLSCertificate's working Secret. The name ends in a digest, because the names
// of a class, a namespace and an object together may be longer than a name can be.
func orderSecretName(class string, certificate types.NamespacedName) string {
	sum := sha256.Sum256([]byte(class + "/" + certificate.String()))
	return orderSecretPrefix + hex.EncodeToString(sum[:16])
}

// CertificateOf returns the name of the TLSCertificate that a working Secret is for, or the zero value for any other
// Secret.
func CertificateOf(working *corev1.Secret) types.NamespacedName {
	namespace, name, _ := strings.Cut(working.Annotations[cluster.TLSCertificateAnnotation], "/")
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// Store keeps working Secrets in the controller's namespace. The controller believes what they say, so nobody who may
// only write Secrets of the namespaces that are served must be able to write one. Decisions are made on what the API
// server says: in a cache, a step that was taken may look as if it was not.
type Store struct {
	reader    client.Reader
	client    client.Client
	Cache     client.Reader
	namespace string
	class     string
	// owner owns the Secrets, nil for nobody. A TLSCertificate cannot, because it is in another namespace.
	owner *metav1.OwnerReference
}

// Read reads the working Secret of a TLSCertificate. If there is none, Read returns one that is not written yet.
func (s *Store) Read(ctx context.Context, from client.Reader, certificate types.NamespacedName) (*Working, error) {
	key := client.ObjectKey{Namespace: s.namespace, Name: orderSecretName(s.class, certificate)}
	object := &corev1.Secret{}
	switch err := from.Get(ctx, key, object); {
	case apierrors.IsNotFound(err):
		return &Working{State: &State{}, Object: &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, OwnerReferences: cluster.BelongingTo(s.owner),
				Labels:      map[string]string{orderLabel: s.class, orderNamespaceLabel: certificate.Namespace},
				Annotations: map[string]string{cluster.TLSCertificateAnnotation: certificate.String()}},
			Type: orderSecretType,
		}}, nil
	case err != nil:
		return nil, fmt.Errorf("reading the working Secret of the order: %w", err)
	case object.Type != orderSecretType || CertificateOf(object) != certificate:
		return nil, &cluster.Mendable{Text: fmt.Sprintf("Secret %s is in the way of the orders of this TLSCertificate: delete it", key)}
	}
	state, err := decodeOrderState(object.Data[orderStateField])
	if err != nil {
		return nil, &cluster.Mendable{Text: fmt.Sprintf("Secret %s, with the order's state, is damaged: delete it", key)}
	}
	return &Working{Object: object, State: state}, nil
}

// write writes the state, and the pending key if there is an attempt. If there is nothing to remember, it deletes the
// Secret. It fails if somebody else has written the Secret since it was read.
func (s *Store) write(ctx context.Context, w *Working, key []byte) error {
	if w.State.empty() {
		return s.delete(ctx, w.Object)
	}
	text, err := w.State.encode()
	if err != nil {
		return err
	}
	w.Object.Data = map[string][]byte{orderStateField: text}
	if w.State.Attempt != nil {
		w.Object.Data[corev1.TLSPrivateKeyKey] = key
	}
	if w.Object.ResourceVersion == "" {
		err = s.client.Create(ctx, w.Object)
	} else {
		err = s.client.Update(ctx, w.Object)
	}
	if err != nil {
		return fmt.Errorf("writing the state of the order: %w", err)
	}
	return nil
}

// delete deletes a working Secret. It fails if somebody else has written the Secret since it was read.
func (s *Store) delete(ctx context.Context, object *corev1.Secret) error {
	_, err := s.remove(ctx, object)
	return err
}

// remove is delete. It returns false if the Secret was not there any more.
func (s *Store) remove(ctx context.Context, object *corev1.Secret) (deleted bool, err error) {
	if object.ResourceVersion == "" {
		return false, nil
	}
	err = s.client.Delete(ctx, object, client.Preconditions{UID: &object.UID, ResourceVersion: &object.ResourceVersion})
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("deleting the state of the order: %w", err)
	}
	return err == nil, nil
}

// Cached returns the working Secret of a TLSCertificate from the cache, whatever it holds, or nil if there is none.
func (s *Store) Cached(ctx context.Context, certificate types.NamespacedName) (*corev1.Secret, error) {
	object := &corev1.Secret{}
	err := s.Cache.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: orderSecretName(s.class, certificate)}, object)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return object, err
}

// others returns the URLs of the orders in all working Secrets but the caller's.
func (s *Store) others(ctx context.Context, own *Working) (map[string]bool, error) {
	var list corev1.SecretList
	if err := s.Cache.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("listing the working Secrets: %w", err)
	}
	urls := map[string]bool{}
	for i := range list.Items {
		object := &list.Items[i]
		if object.Name == own.Object.Name {
			continue
		}
		if state, err := decodeOrderState(object.Data[orderStateField]); err == nil && state.Attempt != nil {
			urls[state.Attempt.Order.URL] = true
		}
	}
	return urls, nil
}

// ofNamespace reads the working Secrets of a namespace's TLSCertificates from the API server.
func (s *Store) ofNamespace(ctx context.Context, namespace string) ([]*Working, error) {
	var list corev1.SecretList
	if err := s.reader.List(ctx, &list, client.InNamespace(s.namespace), client.MatchingFieldsSelector{Selector: cluster.SecretsOfType(orderSecretType)},
		client.MatchingLabels{orderLabel: s.class, orderNamespaceLabel: namespace}); err != nil {
		return nil, fmt.Errorf("listing the working Secrets: %w", err)
	}
	var working []*Working
	for i := range list.Items {
		if state, err := decodeOrderState(list.Items[i].Data[orderStateField]); err == nil {
			working = append(working, &Working{Object: &list.Items[i], State: state})
		}
	}
	return working, nil
}
