// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tlscertificates,verbs=get;list;watch
// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tlscertificates/status,verbs=patch

// TLSCertificateReconciler writes the conditions of TLSCertificates. It orders nothing.
type TLSCertificateReconciler struct {
	snapshots *SnapshotController
	status    statusWriter
}

// Reconcile writes one TLSCertificate's conditions if they are not what they should be.
func (r *TLSCertificateReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object v1alpha1.TLSCertificate
	if err := r.status.client.Get(ctx, request.NamespacedName, &object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	said, ok := r.snapshots.conditions(v1alpha1.TLSCertificateKind, &object)
	if !ok {
		return ctrl.Result{}, nil // The snapshot that knows this generation enqueues the object again.
	}
	before := object.DeepCopy()
	setConditions(&object.Status.Conditions, said)
	return ctrl.Result{}, r.status.writeNow(ctx, before, &object, before.Status.Conditions, said)
}

func (r *TLSCertificateReconciler) setup(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).Named("tlscertificate").
		For(&v1alpha1.TLSCertificate{}).
		WatchesRawSource(r.snapshots.changes(v1alpha1.TLSCertificateKind)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of TLSCertificates: %w", err)
	}
	return nil
}
