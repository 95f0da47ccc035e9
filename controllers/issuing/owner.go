// SPDX-License-Identifier: Apache-2.0

package issuing

import (
	"context"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/replicas"
)

// certificateOwner is what the Ingress says that a TLSCertificate was made for. If the Ingress is gone, ours is true
// and everything else is zero.
type certificateOwner struct {
	// wants is true if the Ingress asks for the certificate.
	wants bool
	// ours is true if this controller serves the Ingress. named is true if it does because the Ingress names its class.
	ours, named bool
	// by are the controllers that the Ingress is for. Nil if that is not known.
	by *replicas.Claimants
}

// owner looks at the Ingress that a TLSCertificate was made for. It returns nil if the TLSCertificate was made for
// none.
func (r *Reconciler) owner(ctx context.Context, certificate *v1alpha1.TLSCertificate) (*certificateOwner, error) {
	ref := metav1.GetControllerOf(certificate)
	if ref == nil || ref.Kind != v1alpha1.IngressKind {
		return nil, nil
	}
	key := client.ObjectKey{Namespace: certificate.Namespace, Name: ref.Name}
	if ref.APIVersion == networkingv1.SchemeGroupVersion.String() {
		return r.standardOwner(ctx, key, ref)
	}
	var ingress v1alpha1.Ingress
	if err := r.Client.Get(ctx, key, &ingress); err != nil {
		return &certificateOwner{ours: true}, client.IgnoreNotFound(err)
	}
	by := replicas.ClaimantsOf(&ingress)
	return &certificateOwner{
		wants: ingress.UID == ref.UID && ingress.Spec.TLS != nil && ingress.Spec.TLS.AutoSSL,
		ours:  kinds.Claims(&ingress, r.Class),
		named: ingress.Spec.IngressClassName == r.Class,
		by:    &by,
	}, nil
}

func (r *Reconciler) standardOwner(ctx context.Context, key client.ObjectKey, ref *metav1.OwnerReference) (*certificateOwner, error) {
	if !r.Standard.Ingresses.Synced(ctx) {
		// This controller may not read the Ingress, and leaves it to one that may.
		return &certificateOwner{wants: true}, nil
	}
	var ingress networkingv1.Ingress
	if err := r.Standard.Ingresses.Get(ctx, key, &ingress); err != nil {
		return &certificateOwner{ours: true}, client.IgnoreNotFound(err)
	}
	ours, _ := r.Standard.Claims(&ingress)
	ordering, known := r.Standard.ObjectOf(&ingress).Ordering()
	by := replicas.StandardClaimantsOf(&ingress)
	return &certificateOwner{
		wants: ingress.UID == ref.UID && (ordering != nil || !known),
		ours:  ours, named: ours,
		by: &by,
	}, nil
}
