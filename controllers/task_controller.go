// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/controllers/status"
	"github.com/warren-dev/ingress/controllers/translate"
)

// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tasks,verbs=list;watch
// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tasks/status,verbs=patch

// TaskReconciler writes the status of Tasks: what the snapshot controller found out about each, and what the data
// plane's health checks did. Where a Task has no health check it leaves status.health to who watches the instance.
type TaskReconciler struct {
	client    client.Client
	snapshots *snapshots.Controller
	health    HealthSource
	status    *status.Writer
}

// Reconcile writes one Task's status if it is not what it should be, when it is its turn.
func (r *TaskReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object v1alpha1.Task
	if err := r.client.Get(ctx, request.NamespacedName, &object); err != nil {
		r.status.Leave(request.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	said, ok := r.snapshots.Conditions(v1alpha1.TaskKind, &object)
	if !ok {
		return ctrl.Result{}, nil // The snapshot that knows this generation enqueues the object again.
	}
	if !r.snapshots.WritesTask(&object) {
		r.status.Leave(request.NamespacedName)
		return ctrl.Result{}, nil // When that changes, the object is enqueued again.
	}
	before := object.DeepCopy()
	said = slices.Clone(said) // which others share
	report, ok := r.health.Health(translate.TaskID(object.Namespace, object.Name))
	setHealth(&object, said, report, ok)
	status.SetConditions(&object.Status.Conditions, said)
	return r.status.WriteInTurn(ctx, before, &object, before.Status.Conditions, said)
}

// Setup has the reconciler run in a manager.
func (r *TaskReconciler) Setup(mgr ctrl.Manager) error {
	if r.health == nil {
		r.health = noHealth{}
	}
	err := ctrl.NewControllerManagedBy(mgr).Named("task").
		For(&v1alpha1.Task{}).
		WatchesRawSource(r.snapshots.Changes(v1alpha1.TaskKind)).
		WatchesRawSource(healthChanges(r.health)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of Tasks: %w", err)
	}
	return nil
}
