// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/translate"
)

// +kubebuilder:rbac:groups="",resources=secrets,namespace=warren-system,verbs=get;list;watch;create;update;delete

const (
	orderSecretType   = corev1.SecretType("ingress.warren.dev/acme-order")
	orderSecretPrefix = "warren-ingress-acme-order-"
	orderStateField   = "order.json"
	// orderLabel holds the ingress class, so that controllers of several classes share a namespace, and
	// orderNamespaceLabel the namespace of the TLSCertificate. Its name, which may be longer than a label, is in
	// cluster.TLSCertificateAnnotation, behind the namespace.
	orderLabel          = "ingress.warren.dev/order"
	orderNamespaceLabel = "ingress.warren.dev/certificate-namespace"
)

// Working is the Secret of a TLSCertificate's order as it was read.
type Working struct {
	Object *corev1.Secret
	State  *State
}

// key is the pending private key, as PEM.
func (w *Working) key() []byte { return w.Object.Data[corev1.TLSPrivateKeyKey] }

// orderSecretName returns the name of a TLSCertificate's working Secret. It has a digest in it, because the names of a
// class, a namespace and an object may be longer together than one name can be.
func orderSecretName(class string, certificate types.NamespacedName) string {
	sum := sha256.Sum256([]byte(class + "/" + certificate.String()))
	return orderSecretPrefix + hex.EncodeToString(sum[:16])
}

// CertificateOf returns the TLSCertificate that a working Secret is for. It is the zero value for any other Secret.
func CertificateOf(working *corev1.Secret) types.NamespacedName {
	namespace, name, _ := strings.Cut(working.Annotations[cluster.TLSCertificateAnnotation], "/")
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// Store keeps working Secrets in the controller's namespace: what is in them is believed, and who may write
// Secrets of the namespaces that are served is not. What it reads for a decision comes from the API server and not from
// a cache: a step that was taken must not look as if it was not.
type Store struct {
	reader    client.Reader
	client    client.Client
	Cache     client.Reader
	namespace string
	class     string
	// owner is what the Secrets belong to, nil for nothing. They cannot belong to a TLSCertificate of another namespace.
	owner *metav1.OwnerReference
}

// Read returns the working Secret of a TLSCertificate, one that is not written yet if there is none.
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

// write persists the state, with the pending key as long as there is an attempt. Where nothing is left to remember, the
// Secret goes. It fails if somebody else has written since it was read.
func (s *Store) write(ctx context.Context, w *Working, key []byte) error {
	if w.State.empty() {
		return s.Delete(ctx, w.Object)
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

// Delete deletes a working Secret as it was read.
func (s *Store) Delete(ctx context.Context, object *corev1.Secret) error {
	if object.ResourceVersion == "" {
		return nil
	}
	err := s.client.Delete(ctx, object, client.Preconditions{UID: &object.UID, ResourceVersion: &object.ResourceVersion})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting the state of the order: %w", err)
	}
	return nil
}

// Cached returns the working Secret of a TLSCertificate, whatever it holds, as the cache has it; nil if there is none.
func (s *Store) Cached(ctx context.Context, certificate types.NamespacedName) (*corev1.Secret, error) {
	object := &corev1.Secret{}
	err := s.Cache.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: orderSecretName(s.class, certificate)}, object)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return object, err
}

// others returns the URLs of the orders that other working Secrets hold.
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

// ofNamespace returns the working Secrets of a namespace's TLSCertificates as the API server has them.
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

// WorkingSecrets are those of the class that orders are kept in, for whoever serves what they hold ready.
type WorkingSecrets struct{ cache.Cache }

// AddWorkingSecrets has the manager run the cache of the class's working Secrets, which are in the namespace.
func AddWorkingSecrets(mgr ctrl.Manager, namespace, class string) (*WorkingSecrets, error) {
	held, err := cluster.AddCache(mgr, orderCacheOptions(namespace, class))
	if err != nil {
		return nil, fmt.Errorf("watching the working Secrets of orders: %w", err)
	}
	return &WorkingSecrets{held}, nil
}

// Watch has handler told of every event.
func (w *WorkingSecrets) Watch(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	informer, err := w.GetInformer(ctx, &corev1.Secret{}, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching the working Secrets of orders: %w", err)
	}
	if _, err := informer.AddEventHandler(handler); err != nil {
		return fmt.Errorf("watching the working Secrets of orders: %w", err)
	}
	return nil
}

// Challenges returns what they hold ready for authorities to find: of each of these TLSCertificates, for its hosts.
func (w *WorkingSecrets) Challenges(ctx context.Context, certificates []*v1alpha1.TLSCertificate) ([]translate.Challenge, error) {
	var orders corev1.SecretList
	if err := w.List(ctx, &orders, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the working Secrets of orders from the cache: %w", err)
	}
	return heldReady(orders.Items, certificates), nil
}

// heldReady returns what working Secrets hold ready for authorities to find: of each TLSCertificate that is there, for
// its hosts.
func heldReady(secrets []corev1.Secret, certificates []*v1alpha1.TLSCertificate) []translate.Challenge {
	held := map[types.NamespacedName][]presented{}
	for i := range secrets {
		state, err := decodeOrderState(secrets[i].Data[orderStateField])
		if err != nil || state.Attempt == nil || len(state.Attempt.Presented) == 0 {
			continue // Whoever orders says what is damaged.
		}
		held[CertificateOf(&secrets[i])] = state.Attempt.Presented
	}
	if len(held) == 0 {
		return nil
	}
	var challenges []translate.Challenge
	for _, certificate := range certificates {
		answers := held[client.ObjectKeyFromObject(certificate)]
		for i := range answers {
			if slices.Contains(certificate.Spec.Hosts, v1alpha1.CertificateHost(answers[i].Host)) {
				challenges = append(challenges, servedFor(certificate.Namespace, &answers[i])...)
			}
		}
	}
	return challenges
}

// orderCacheOptions are for a cache of the class's working Secrets, without their keys.
func orderCacheOptions(namespace, class string) cache.Options {
	return cache.Options{ByObject: map[client.Object]cache.ByObject{
		&corev1.Secret{}: {
			Namespaces: map[string]cache.Config{namespace: {
				FieldSelector: cluster.SecretsOfType(orderSecretType),
				LabelSelector: labels.SelectorFromSet(labels.Set{orderLabel: class}),
			}},
			Transform: func(object any) (any, error) {
				secret, ok := object.(*corev1.Secret)
				if !ok {
					return object, nil
				}
				meta := cluster.Identity(&secret.ObjectMeta)
				metav1.SetMetaDataAnnotation(&meta, cluster.TLSCertificateAnnotation, secret.Annotations[cluster.TLSCertificateAnnotation])
				return &corev1.Secret{ObjectMeta: meta, Type: secret.Type,
					Data: map[string][]byte{orderStateField: secret.Data[orderStateField]}}, nil
			},
		},
	}}
}
