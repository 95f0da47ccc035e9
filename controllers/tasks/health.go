// SPDX-License-Identifier: Apache-2.0

package tasks

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// HealthSource knows what the health checks of the data plane found.
type HealthSource interface {
	// Health returns what is known of the endpoint of an id. It returns false if the endpoint is not checked.
	Health(id string) (report health.Report, ok bool)
	// HealthChanges calls changed with the id of each endpoint of which something new is known, until stop is called.
	HealthChanges(changed func(id string)) (stop func())
}

// noHealth knows of no health check.
type noHealth struct{}

func (noHealth) Health(string) (health.Report, bool)      { return health.Report{}, false }
func (noHealth) HealthChanges(func(string)) (stop func()) { return func() {} }

// healthChanges is a source of requests for the Tasks of which from has something new.
func healthChanges(from HealthSource) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		stop := from.HealthChanges(func(id string) {
			if namespace, name, ok := translate.CutTaskID(id); ok {
				queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}})
			}
		})
		context.AfterFunc(ctx, stop)
		return nil
	})
}

// SetHealth writes what the health check found into a Task's status and into the conditions that are written next.
// Without a check, it leaves what another controller wrote, and removes what an earlier check left behind.
func SetHealth(task *v1alpha1.Task, conditions []metav1.Condition, report health.Report, ok bool) {
	status := &task.Status
	if task.Spec.HealthCheck == nil {
		if translate.Probed(task) {
			status.Health, status.Message, status.LastTransitionTime = "", "", nil
		}
		return
	}
	condition := meta.FindStatusCondition(conditions, v1alpha1.ConditionHealthy)
	if !ok || report.Health == snapshot.HealthUnknown || condition == nil {
		if status.Health != "" {
			status.Health, status.Message, status.LastTransitionTime = v1alpha1.HealthUnknown, "", nil
		}
		return
	}
	condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonProbeSucceeded
	health := v1alpha1.HealthHealthy
	if report.Health == snapshot.Unhealthy {
		condition.Status, condition.Reason = metav1.ConditionFalse, v1alpha1.ReasonProbeFailed
		health = v1alpha1.HealthUnhealthy
	}
	if status.Health != health {
		status.Health, status.LastTransitionTime = health, nil
		if !report.Since.IsZero() {
			status.LastTransitionTime = &metav1.Time{Time: report.Since.Truncate(1e9)}
		}
	}
	// Before the first probe, keep the message of whoever probed before.
	if text := report.Class.String(); text != "" {
		status.Message = text
	}
	condition.Message = status.Message
	if condition.Message == "" {
		condition.Message = "as it was found before this replica probed it"
	}
}
