// SPDX-License-Identifier: Apache-2.0

package issuing

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/replicas"
)

// writes says whether this controller looks after a TLSCertificate. The controller that orders it does, if that one is
// running and the Ingress is not for others. Otherwise it is the first of the controllers that the Ingress is for, or
// that the Ingresses of its hosts are for.
func (r *Reconciler) writes(ctx context.Context, certificate *v1alpha1.TLSCertificate) (bool, error) {
	if r.Peers.Alone() {
		return r.Peers.Writes(certificate.Namespace, &replicas.Claimants{}), nil
	}
	by, err := r.claimants(ctx, certificate)
	if err != nil {
		return false, err
	}
	return r.Peers.GoesOnWith(certificate.Namespace, certificate.Annotations[cluster.OrderedByAnnotation], by), nil
}

// claimants returns the controllers that a TLSCertificate is for. If no Ingress says so, it returns all controllers.
func (r *Reconciler) claimants(
	ctx context.Context, certificate *v1alpha1.TLSCertificate,
) (*replicas.Claimants, error) {
	owner, err := r.owner(ctx, certificate)
	if err != nil {
		return nil, err
	}
	if owner != nil && owner.by != nil {
		return owner.by, nil
	}
	by := &replicas.Claimants{}
	if metav1.GetControllerOfNoCopy(certificate) == nil {
		var list v1alpha1.IngressList
		within := client.InNamespace(certificate.Namespace)
		if err := r.Client.List(ctx, &list, within, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("listing the Ingresses of the TLSCertificate's hosts: %w", err)
		}
		for i := range list.Items {
			if leadsTo(&list.Items[i], certificate) {
				by.Add(&list.Items[i])
			}
		}
	}
	return by.OrEvery(), nil
}

// leadsTo says whether an Ingress has a rule for a host of a TLSCertificate.
func leadsTo(ingress *v1alpha1.Ingress, certificate *v1alpha1.TLSCertificate) bool {
	return slices.ContainsFunc(ingress.Spec.Rules, func(rule v1alpha1.IngressRule) bool {
		return slices.Contains(certificate.Spec.Hosts, v1alpha1.CertificateHost(rule.Host))
	})
}

// yield gives up what this controller began for a TLSCertificate that another one looks after. It does so once the
// other has taken the order over, or once the Ingress is for the other alone.
func (r *Reconciler) yield(ctx context.Context, certificate *v1alpha1.TLSCertificate) error {
	owner, err := r.owner(ctx, certificate)
	if err != nil {
		return err
	}
	switch certificate.Annotations[cluster.OrderedByAnnotation] {
	case "":
		return nil
	case r.name():
		if owner == nil || owner.ours {
			return nil // The other controller sees that this one orders it.
		}
		return r.release(ctx, certificate)
	}
	working, err := r.Issuance.Orders.Cached(ctx, client.ObjectKeyFromObject(certificate))
	if err != nil || working == nil {
		return err
	}
	return r.Issuance.Discard(ctx, working)
}
