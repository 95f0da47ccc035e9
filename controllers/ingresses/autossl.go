// SPDX-License-Identifier: Apache-2.0

package ingresses

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/snapshots"
)

// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tlscertificates,verbs=create;patch;delete

// AutoSSL keeps a TLSCertificate for each Ingress with autoSSL, and removes it when the Ingress wants none any more.
type AutoSSL struct {
	Client    client.Client
	Class     string
	Snapshots *snapshots.Controller
	Peers     *replicas.Peers
}

// Reconcile makes, changes or removes the TLSCertificates of one Ingress.
func (r *AutoSSL) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var ingress v1alpha1.Ingress
	if err := r.Client.Get(ctx, request.NamespacedName, &ingress); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err) // What it owned goes with it.
	}
	if ingress.DeletionTimestamp != nil || !kinds.Claims(&ingress, r.Class) {
		return ctrl.Result{}, nil
	}
	// Another controller may accept other hosts of this Ingress.
	if by := replicas.ClaimantsOf(&ingress); !r.Peers.Orders(ingress.Namespace, &by) {
		return ctrl.Result{}, nil // When that changes, the object is enqueued again.
	}
	hosts, ok := r.Snapshots.CertificateHosts(v1alpha1.IngressKind, &ingress)
	if !ok {
		return ctrl.Result{}, nil // The snapshot that knows this generation enqueues the object again.
	}
	ordering, _ := kinds.ReadWarren(&ingress).Ordering()
	return ctrl.Result{}, r.have(ctx, &ingress, v1alpha1.GroupVersion.WithKind(v1alpha1.IngressKind), ordering, hosts)
}

// have makes, changes or removes the TLSCertificates of an Ingress of this kind. ordering is what the Ingress asks to
// have ordered, nil for nothing.
func (r *AutoSSL) have(ctx context.Context, ingress client.Object, kind schema.GroupVersionKind, ordering *rules.Wish, hosts []string) error {
	wanted := autoSSLCertificate(ingress, kind, ordering, hosts)
	if err := r.removeOthers(ctx, ingress, wanted); err != nil || wanted == nil {
		return err
	}
	return r.keep(ctx, ingress, wanted)
}

// autoSSLCertificate returns the TLSCertificate that an Ingress wants for the hosts, nil if it wants none.
func autoSSLCertificate(ingress client.Object, kind schema.GroupVersionKind, ordering *rules.Wish, hosts []string) *v1alpha1.TLSCertificate {
	if ordering == nil || len(hosts) == 0 {
		return nil
	}
	certificate := &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: ingress.GetNamespace(), Name: ordering.Secret, OwnerReferences: []metav1.OwnerReference{
			cluster.OwnedBy(ingress, kind)}},
		Spec: v1alpha1.TLSCertificateSpec{SecretName: v1alpha1.SecretName(ordering.Secret), AutoRenew: new(true), Email: v1alpha1.Email(ordering.Email)},
	}
	for _, host := range hosts {
		certificate.Spec.Hosts = append(certificate.Spec.Hosts, v1alpha1.CertificateHost(host))
	}
	return certificate
}

// keep makes the TLSCertificate, or changes the fields that come from the Ingress. It takes over a TLSCertificate that
// was made for a deleted Ingress of the same name, so that making an Ingress anew costs no order. It leaves alone one
// that belongs to somebody else; the condition CertificateReady of the Ingress says so.
func (r *AutoSSL) keep(ctx context.Context, ingress client.Object, wanted *v1alpha1.TLSCertificate) error {
	var there v1alpha1.TLSCertificate
	switch err := r.Client.Get(ctx, client.ObjectKeyFromObject(wanted), &there); {
	case apierrors.IsNotFound(err):
		if err := r.Client.Create(ctx, wanted); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("making the TLSCertificate of the Ingress: %w", err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("reading the TLSCertificate of the Ingress: %w", err)
	case there.DeletionTimestamp != nil || !metav1.IsControlledBy(&there, ingress) && !orphaned(&there, &wanted.OwnerReferences[0]):
		return nil
	}
	before := there.DeepCopy()
	if !metav1.IsControlledBy(&there, ingress) {
		there.OwnerReferences = wanted.OwnerReferences
	}
	there.Spec.Hosts, there.Spec.SecretName, there.Spec.Email, there.Spec.AutoRenew =
		wanted.Spec.Hosts, wanted.Spec.SecretName, wanted.Spec.Email, wanted.Spec.AutoRenew
	if equality.Semantic.DeepEqual(before, &there) {
		return nil
	}
	if err := r.Client.Patch(ctx, &there, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("changing the TLSCertificate of the Ingress: %w", err)
	}
	return nil
}

// orphaned returns whether a TLSCertificate was made for an earlier Ingress of the same kind and name.
func orphaned(certificate *v1alpha1.TLSCertificate, ingress *metav1.OwnerReference) bool {
	owner := metav1.GetControllerOf(certificate)
	return owner != nil && owner.Kind == ingress.Kind && owner.APIVersion == ingress.APIVersion &&
		owner.Name == ingress.Name && owner.UID != ingress.UID
}

// removeOthers removes the TLSCertificates that were made for the Ingress and that it does not want any more.
func (r *AutoSSL) removeOthers(ctx context.Context, ingress client.Object, wanted *v1alpha1.TLSCertificate) error {
	var list v1alpha1.TLSCertificateList
	if err := r.Client.List(ctx, &list, client.InNamespace(ingress.GetNamespace()), client.MatchingFields{cluster.ByOwner: string(ingress.GetUID())},
		client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing the TLSCertificates: %w", err)
	}
	for i := range list.Items {
		there := &list.Items[i]
		if wanted != nil && there.Name == wanted.Name {
			continue
		}
		if err := client.IgnoreNotFound(r.Client.Delete(ctx, there.DeepCopy(), client.Preconditions{UID: &there.UID})); err != nil {
			return fmt.Errorf("removing the TLSCertificate of the Ingress: %w", err)
		}
	}
	return nil
}

// Setup has the reconciler run in a manager.
func (r *AutoSSL) Setup(mgr ctrl.Manager) error {
	err := cluster.NewController(mgr, "autossl").
		For(&v1alpha1.Ingress{}).
		Owns(&v1alpha1.TLSCertificate{}).
		WatchesRawSource(r.Snapshots.Changes(v1alpha1.IngressKind)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of the TLSCertificates of Ingresses: %w", err)
	}
	return nil
}
