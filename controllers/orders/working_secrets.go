// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
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

// WorkingSecrets is a cache of the working Secrets of a class. Every replica has one, and serves the answers to
// challenges from it.
type WorkingSecrets struct{ cache.Cache }

// AddWorkingSecrets has the manager run a cache of the class's working Secrets in the namespace.
func AddWorkingSecrets(mgr ctrl.Manager, namespace, class string) (*WorkingSecrets, error) {
	held, err := cluster.AddCache(mgr, orderCacheOptions(namespace, class))
	if err != nil {
		return nil, fmt.Errorf("watching the working Secrets of orders: %w", err)
	}
	return &WorkingSecrets{held}, nil
}

// Watch tells handler of every event.
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

// Challenges returns the answers to challenges that replicas serve for these TLSCertificates.
func (w *WorkingSecrets) Challenges(ctx context.Context, certificates []*v1alpha1.TLSCertificate) ([]translate.Challenge, error) {
	var orders corev1.SecretList
	if err := w.List(ctx, &orders, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the working Secrets of orders from the cache: %w", err)
	}
	return heldReady(orders.Items, certificates), nil
}

// heldReady returns the answers that replicas serve from working Secrets. It leaves out answers for hosts that the
// TLSCertificate of the Secret does not name.
func heldReady(secrets []corev1.Secret, certificates []*v1alpha1.TLSCertificate) []translate.Challenge {
	held := map[types.NamespacedName][]presented{}
	for i := range secrets {
		state, err := decodeOrderState(secrets[i].Data[orderStateField])
		if err != nil || state.Attempt == nil || state.Attempt.finalized() || len(state.Attempt.Presented) == 0 {
			continue // The replica that orders reports a state that is damaged.
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

// orderCacheOptions returns the options of a cache of the class's working Secrets. The cache leaves out their keys.
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
