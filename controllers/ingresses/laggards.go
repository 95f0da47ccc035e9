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

// laggards has an Ingress wait for the replicas that do not serve its present generation yet. Until they do it is not
// Programmed, whatever this replica serves: a request may go to any of them.
type laggards struct {
	// behind returns the names of those replicas.
	behind func(uid types.UID) []string

	mu sync.Mutex
	// queue is the Ingress controller's, nil before it runs.
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
	// waiting are the Ingresses to look at again when replicas say something new.
	waiting map[types.NamespacedName]struct{}
}

func newLaggards(behind func(uid types.UID) []string) *laggards {
	return &laggards{behind: behind, waiting: make(map[types.NamespacedName]struct{})}
}

// judge returns what is said of an Ingress with Programmed as it is for all ready replicas. One that was True for this
// generation stays so: all replicas have served it, and the digests that tell can differ for what became of others. The
// message names no replica, for which ones are behind changes without the matter doing so.
func (l *laggards) judge(object *v1alpha1.Ingress, said []metav1.Condition) []metav1.Condition {
	now := meta.FindStatusCondition(said, v1alpha1.ConditionProgrammed)
	if now == nil || now.Status != metav1.ConditionTrue {
		l.forget(object)
		return said
	}
	before := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionProgrammed)
	if before != nil && before.Status == metav1.ConditionTrue && before.ObservedGeneration == object.Generation {
		l.forget(object)
		return said
	}
	// It waits before it is known to have to, so that nothing that replicas say meanwhile is missed.
	l.mu.Lock()
	l.waiting[client.ObjectKeyFromObject(object)] = struct{}{}
	l.mu.Unlock()
	if len(l.behind(object.UID)) == 0 {
		l.forget(object)
		return said
	}
	judged := append([]metav1.Condition{}, said...)
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

// changed has the Ingresses that wait looked at again. It does not block.
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
