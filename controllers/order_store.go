// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
)

const (
	orderSecretType   = corev1.SecretType("ingress.warren.dev/acme-order")
	orderSecretSuffix = "-acme-order"
	orderStateField   = "order.json"
)

// workingSecret is the Secret of a TLSCertificate's order as it was read.
type workingSecret struct {
	object *corev1.Secret
	state  *orderState
}

// key is the pending private key, as PEM.
func (w *workingSecret) key() []byte { return w.object.Data[corev1.TLSPrivateKeyKey] }

// orderSecretName returns the name of a TLSCertificate's working Secret.
func orderSecretName(certificate string) string {
	const limit = 253
	if len(certificate)+len(orderSecretSuffix) <= limit {
		return certificate + orderSecretSuffix
	}
	sum := nameSet([]string{certificate})
	return certificate[:limit-len(orderSecretSuffix)-len(sum)] + sum + orderSecretSuffix
}

// orderStore keeps working Secrets. What it reads for a decision comes from the API server and not from a cache: a step that was
// taken must not look as if it was not.
type orderStore struct {
	reader client.Reader
	client client.Client
	cache  client.Reader
}

// read returns the working Secret of a TLSCertificate, one that is not written yet if there is none.
func (s *orderStore) read(ctx context.Context, from client.Reader, certificate *v1alpha1.TLSCertificate) (*workingSecret, error) {
	key := client.ObjectKey{Namespace: certificate.Namespace, Name: orderSecretName(certificate.Name)}
	object := &corev1.Secret{}
	switch err := from.Get(ctx, key, object); {
	case apierrors.IsNotFound(err):
		return &workingSecret{state: &orderState{}, object: &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, OwnerReferences: []metav1.OwnerReference{ownedBy(certificate)}},
			Type:       orderSecretType,
		}}, nil
	case err != nil:
		return nil, fmt.Errorf("reading the working Secret of the order: %w", err)
	case object.Type != orderSecretType || !metav1.IsControlledBy(object, certificate):
		return nil, &mendable{fmt.Sprintf("Secret %s is in the way of the orders of this TLSCertificate: delete it", key.Name)}
	}
	state, err := decodeOrderState(object.Data[orderStateField])
	if err != nil {
		return nil, &mendable{fmt.Sprintf("Secret %s, with the order's state, is damaged: delete it", key.Name)}
	}
	return &workingSecret{object: object, state: state}, nil
}

// write persists the state, with the pending key as long as there is an attempt. It fails if somebody else has written since it
// was read.
func (s *orderStore) write(ctx context.Context, w *workingSecret, key []byte) error {
	text, err := w.state.encode()
	if err != nil {
		return err
	}
	w.object.Data = map[string][]byte{orderStateField: text}
	if w.state.Attempt != nil {
		w.object.Data[corev1.TLSPrivateKeyKey] = key
	}
	if w.object.ResourceVersion == "" {
		err = s.client.Create(ctx, w.object)
	} else {
		err = s.client.Update(ctx, w.object)
	}
	if err != nil {
		return fmt.Errorf("writing the state of the order: %w", err)
	}
	return nil
}

// others returns the URLs of the orders that other working Secrets hold.
func (s *orderStore) others(ctx context.Context, own *workingSecret) (map[string]bool, error) {
	var list corev1.SecretList
	if err := s.cache.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("listing the working Secrets: %w", err)
	}
	urls := map[string]bool{}
	for i := range list.Items {
		object := &list.Items[i]
		if object.UID == own.object.UID {
			continue
		}
		if state, err := decodeOrderState(object.Data[orderStateField]); err == nil && state.Attempt != nil {
			urls[state.Attempt.Order.URL] = true
		}
	}
	return urls, nil
}

// inNamespace returns the working Secrets of a namespace as the API server has them.
func (s *orderStore) inNamespace(ctx context.Context, namespace string) ([]*workingSecret, error) {
	var list corev1.SecretList
	if err := s.reader.List(ctx, &list, client.InNamespace(namespace), client.MatchingFieldsSelector{Selector: secretsOfType(orderSecretType)}); err != nil {
		return nil, fmt.Errorf("listing the working Secrets: %w", err)
	}
	var working []*workingSecret
	for i := range list.Items {
		if state, err := decodeOrderState(list.Items[i].Data[orderStateField]); err == nil {
			working = append(working, &workingSecret{object: &list.Items[i], state: state})
		}
	}
	return working, nil
}

// heldReady returns what working Secrets hold ready for authorities to find.
func heldReady(secrets []corev1.Secret) []translate.Challenge {
	var challenges []translate.Challenge
	for i := range secrets {
		state, err := decodeOrderState(secrets[i].Data[orderStateField])
		if err != nil || state.Attempt == nil {
			continue // Only its author can have written anything else; whoever orders says so.
		}
		for j := range state.Attempt.Presented {
			challenges = append(challenges, servedFor(secrets[i].Namespace, &state.Attempt.Presented[j])...)
		}
	}
	return challenges
}

// orderCacheOptions are for a cache of the working Secrets of these namespaces, or of all if there are none, without their keys.
func orderCacheOptions(watchNamespaces []string) cache.Options {
	options := cache.Options{ByObject: map[client.Object]cache.ByObject{
		&corev1.Secret{}: {Field: secretsOfType(orderSecretType), Transform: func(object any) (any, error) {
			secret, ok := object.(*corev1.Secret)
			if !ok {
				return object, nil
			}
			meta := identity(&secret.ObjectMeta)
			meta.OwnerReferences = secret.OwnerReferences
			return &corev1.Secret{ObjectMeta: meta, Type: secret.Type,
				Data: map[string][]byte{orderStateField: secret.Data[orderStateField]}}, nil
		}},
	}}
	for _, namespace := range watchNamespaces {
		if options.DefaultNamespaces == nil {
			options.DefaultNamespaces = map[string]cache.Config{}
		}
		options.DefaultNamespaces[namespace] = cache.Config{}
	}
	return options
}

// ownedBy is the reference that has an object go with its TLSCertificate.
func ownedBy(certificate *v1alpha1.TLSCertificate) metav1.OwnerReference {
	return *metav1.NewControllerRef(certificate, v1alpha1.GroupVersion.WithKind(v1alpha1.TLSCertificateKind))
}
