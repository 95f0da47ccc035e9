// SPDX-License-Identifier: Apache-2.0

package ingresses

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// laggards keeps an Ingress from being Programmed while some replica does not serve its present generation yet. A
// request may go to any replica, so it does not matter that this one serves it.
type laggards struct {
	// behind returns the names of the replicas that do not serve the present generation yet.
	behind func(uid types.UID) []string

	mu sync.Mutex
	// queue is the Ingress controller's. It is nil before that runs.
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
	// waiting are the Ingresses to look at again when a replica reports something new.
	waiting map[types.NamespacedName]struct{}
}

func newLaggards(behind func(uid types.UID) []string) *laggards {
	return &laggards{behind: behind, waiting: make(map[types.NamespacedName]struct{})}
}

// judge returns the conditions of an Ingress with Programmed as it holds for all ready replicas. If Programmed was True
// for this generation already, it stays True: every replica has served the generation, and digests may differ only
// because of other Ingresses. The message names no replica: which ones are behind may change while the condition does
// not.
func (l *laggards) judge(object *v1alpha1.Ingress, conditions []metav1.Condition) []metav1.Condition {
	programmed := meta.FindStatusCondition(conditions, v1alpha1.ConditionProgrammed)
	if programmed == nil || programmed.Status != metav1.ConditionTrue {
		l.forget(object)
		return conditions
	}
	before := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionProgrammed)
	if before != nil && before.Status == metav1.ConditionTrue && before.ObservedGeneration == object.Generation {
		l.forget(object)
		return conditions
	}
	// Add the Ingress to waiting before asking who is behind, so that no report in between is missed.
	l.mu.Lock()
	l.waiting[client.ObjectKeyFromObject(object)] = struct{}{}
	l.mu.Unlock()
	if len(l.behind(object.UID)) == 0 {
		l.forget(object)
		return conditions
	}
	judged := append([]metav1.Condition{}, conditions...)
	*meta.FindStatusCondition(judged, v1alpha1.ConditionProgrammed) = metav1.Condition{
		Type: v1alpha1.ConditionProgrammed, Status: metav1.ConditionUnknown, ObservedGeneration: object.Generation,
		Reason: v1alpha1.ReasonPending, Message: "not every ready replica serves this generation yet",
	}
	return judged
}

func (l *laggards) forget(object client.Object) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, client.ObjectKeyFromObject(object))
}

// changed has the waiting Ingresses looked at again. It does not block.
func (l *laggards) changed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queue == nil {
		return
	}
	for key := range l.waiting {
		l.queue.Add(reconcile.Request{NamespacedName: key})
	}
}

// changes is the source of the requests that changed makes.
func (l *laggards) changes() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.queue = queue
		return nil
	})
}
