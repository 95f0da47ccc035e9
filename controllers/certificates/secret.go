// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
)

// The right to write Secrets is for those that hold certificates. None is deleted here: they go with the TLSCertificate
// that owns them.
// +kubebuilder:rbac:groups="",resources=secrets,verbs=create;update

// SecretOf reads the Secret that a TLSCertificate names, nil if there is none.
func SecretOf(ctx context.Context, from client.Reader, certificate *v1alpha1.TLSCertificate) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: certificate.Namespace, Name: string(certificate.Spec.SecretName)}
	switch err := from.Get(ctx, key, secret); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the certificate's Secret: %w", err)
	}
	return secret, nil
}

// Foreign returns why a TLSCertificate may not write its certificate into a Secret, empty if it may.
func Foreign(secret *corev1.Secret, certificate *v1alpha1.TLSCertificate) string {
	switch {
	case secret == nil:
		return ""
	// Restoring a backup, for instance, may lose annotations but keeps the owner.
	case secret.Type == corev1.SecretTypeTLS && (secret.Annotations[cluster.TLSCertificateAnnotation] == certificate.Name ||
		secret.Annotations[cluster.TLSCertificateAnnotation] == "" && metav1.IsControlledBy(secret, certificate)):
		return ""
	case secret.Type != corev1.SecretTypeTLS:
		return "Secret " + secret.Name + " is of type " + string(secret.Type) + " and not overwritten: write another secretName"
	}
	return "Secret " + secret.Name + " is not this TLSCertificate's and not overwritten: write another secretName, delete the Secret, " +
		"or hand it over with the annotation " + cluster.TLSCertificateAnnotation + ": " + certificate.Name
}

// Write puts a certificate into its Secret. If secret is nil, it makes one that the TLSCertificate owns.
func Write(ctx context.Context, c client.Client, secret *corev1.Secret, certificate *v1alpha1.TLSCertificate,
	from Origin, chain, key []byte) error {
	leaf := LeafIn(chain)
	if leaf == nil {
		return errors.New("writing the certificate: it cannot be read")
	}
	made := secret == nil
	if made {
		secret = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: certificate.Namespace, Name: string(certificate.Spec.SecretName),
				OwnerReferences: []metav1.OwnerReference{ownedBy(certificate)},
			},
			Type: corev1.SecretTypeTLS,
		}
	}
	metav1.SetMetaDataAnnotation(&secret.ObjectMeta, cluster.TLSCertificateAnnotation, certificate.Name)
	if before := OriginOf(secret, leaf); !made && before.Account == from.Account && !before.IssuedAt.IsZero() {
		from.IssuedAt = before.IssuedAt // A process that has died since wrote it.
	}
	from.annotate(secret, leaf)
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey] = chain, key
	var err error
	if made {
		err = c.Create(ctx, secret)
	} else {
		err = c.Update(ctx, secret)
	}
	if err != nil {
		return fmt.Errorf("writing the certificate: %w", err)
	}
	return nil
}

// LeafIn returns the first certificate of a chain, nil if there is none.
func LeafIn(chain []byte) *x509.Certificate {
	block, _ := pem.Decode(chain)
	if block == nil {
		return nil
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return leaf
}

// ownedBy returns the reference that has an object deleted with its TLSCertificate.
func ownedBy(certificate *v1alpha1.TLSCertificate) metav1.OwnerReference {
	return cluster.OwnedBy(certificate, v1alpha1.GroupVersion.WithKind(v1alpha1.TLSCertificateKind))
}
