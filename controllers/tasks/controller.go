// SPDX-License-Identifier: Apache-2.0

package tasks

import (
	"context"
	"fmt"
	"slices"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/controllers/status"
	"github.com/warren-dev/ingress/controllers/translate"
)

// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tasks,verbs=list;watch
// +kubebuilder:rbac:groups=ingress.warren.dev,resources=tasks/status,verbs=patch

// Reconciler writes the status of Tasks: what the snapshot controller found out about each, and what the data plane's
// health checks found. If a Task has no health check, it leaves status.health to whoever watches the instance.
type Reconciler struct {
	Client    client.Client
	Snapshots *snapshots.Controller
	// Health is what the data plane's health checks find. Nil stands for a data plane that checks nothing.
	Health HealthSource
	Status *status.Writer
}

// Reconcile writes one Task's status when it is its turn, if it is not what it should be.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object v1alpha1.Task
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		r.Status.Leave(request.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	conditions, ok := r.Snapshots.Conditions(v1alpha1.TaskKind, &object)
	if !ok {
		return ctrl.Result{}, nil // The snapshot that knows this generation enqueues the object again.
	}
	if !r.Snapshots.WritesTask(&object) {
		r.Status.Leave(request.NamespacedName)
		return ctrl.Result{}, nil // When that changes, the object is enqueued again.
	}
	before := object.DeepCopy()
	conditions = slices.Clone(conditions) // Others share it.
	report, ok := r.Health.Health(translate.TaskID(object.Namespace, object.Name))
	SetHealth(&object, conditions, report, ok)
	object.Status.ObservedGeneration = object.Generation
	status.SetConditions(&object.Status.Conditions, conditions)
	status.SummarizeTask(&object.Status.Conditions, object.Generation)
	return r.Status.WriteInTurn(ctx, before, &object, before.Status.Conditions, conditions)
}

// Setup has the reconciler run in a manager.
func (r *Reconciler) Setup(mgr ctrl.Manager) error {
	if r.Health == nil {
		r.Health = noHealth{}
	}
	err := cluster.NewController(mgr, "task").
		For(&v1alpha1.Task{}).
		WatchesRawSource(r.Snapshots.Changes(v1alpha1.TaskKind)).
		WatchesRawSource(healthChanges(r.Health)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of Tasks: %w", err)
	}
	return nil
}
