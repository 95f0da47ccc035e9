// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tasks,verbs=get;list;watch
// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tasks/status,verbs=patch

// TaskReconciler writes the conditions of Tasks. It leaves status.health to who watches the instance.
type TaskReconciler struct {
	snapshots *SnapshotController
	status    statusWriter
}

// Reconcile writes one Task's conditions if they are not what they should be.
func (r *TaskReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object v1alpha1.Task
	if err := r.status.client.Get(ctx, request.NamespacedName, &object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	said, ok := r.snapshots.conditions(v1alpha1.TaskKind, &object)
	if !ok {
		return ctrl.Result{}, nil // The snapshot that knows this generation enqueues the object again.
	}
	before := object.DeepCopy()
	setConditions(&object.Status.Conditions, said)
	return ctrl.Result{}, r.status.write(ctx, before, &object, before.Status.Conditions, said)
}

func (r *TaskReconciler) setup(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).Named("task").
		For(&v1alpha1.Task{}).
		WatchesRawSource(r.snapshots.changes(v1alpha1.TaskKind)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of Tasks: %w", err)
	}
	return nil
}
