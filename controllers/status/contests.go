// SPDX-License-Identifier: Apache-2.0

package status

import (
	"encoding/json"
	"hash/fnv"
	"reflect"
	"slices"
	"sync"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	// contestFree is how many times in a row a status that somebody else has overwritten is written again at once.
	contestFree = 5
	// After that the wait doubles each time, from contestFirst to contestLimit.
	contestFirst = 2 * time.Second
	contestLimit = 5 * time.Minute
	// contestMemory is how long a status must not have been overwritten before the count begins anew. It is longer than
	// the longest wait.
	contestMemory = 2 * contestLimit
)

// contests bounds the cost of somebody else writing the statuses that this controller writes. That may be a controller
// of a version that cannot coordinate, or a tool that restores an object to an earlier state. Otherwise each write
// would answer the other's, without end.
//
// A write because of a change of the object's spec does not wait: whoever changes the spec keeps that going, not this
// controller.
type contests struct {
	now     func() time.Time
	metrics *Metrics

	mu      sync.Mutex
	written map[types.UID]*written
	swept   time.Time
}

// written is the status of an object as this controller last wrote it.
type written struct {
	generation int64
	// statusDigest is of the status that this controller wrote, conditionsDigest of what events tell of its conditions.
	statusDigest, conditionsDigest uint64
	at                             time.Time
	// overwritten is how many times in a row somebody else had written something else. restored is when that was last put
	// right. The next write waits until the time until.
	overwritten int
	restored    time.Time
	until       time.Time
}

func newContests(now func() time.Time, metrics *Metrics) *contests {
	return &contests{now: now, metrics: metrics, written: map[types.UID]*written{}}
}

// wait returns how long the status of an object must not be written. before is the object as it was read.
func (c *contests) wait(before client.Object) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.written[before.GetUID()]
	if w == nil || w.generation != before.GetGeneration() || w.statusDigest == digestOfStatus(before) {
		return 0
	}
	return max(0, w.until.Sub(c.now()))
}

// imminent returns whether the next write of the status makes it a contest. before is the object as it was read.
func (c *contests) imminent(before client.Object) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.written[before.GetUID()]
	return w != nil && w.overwritten+1 == contestFree && c.now().Sub(w.restored) <= contestMemory &&
		w.generation == before.GetGeneration() && w.statusDigest != digestOfStatus(before)
}

// wrote notes that the status was changed from before to after, with these conditions. stale is set if somebody else
// had overwritten the status, so that its conditions are no news. contest is set if this write makes it a contest.
func (c *contests) wrote(before, after client.Object, conditions []metav1.Condition) (stale, contest bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	c.sweep(now)
	next := &written{generation: after.GetGeneration(), at: now,
		statusDigest: digestOfStatus(after), conditionsDigest: digestOfConditions(conditions)}
	w := c.written[after.GetUID()]
	c.written[after.GetUID()] = next
	if w == nil {
		return false, false
	}
	next.overwritten, next.restored, next.until = w.overwritten, w.restored, w.until
	if w.generation != next.generation || w.statusDigest == digestOfStatus(before) {
		return false, false
	}
	if now.Sub(w.restored) > contestMemory {
		next.overwritten = 0
	}
	next.overwritten++
	next.restored = now
	if over := next.overwritten - contestFree; over >= 0 {
		next.until = now.Add(min(contestFirst<<min(over, 16), contestLimit))
	}
	if contest = next.overwritten == contestFree; contest {
		c.metrics.statusContested()
	}
	return w.conditionsDigest == next.conditionsDigest, contest
}

// sweep forgets statuses that were written long ago: if somebody overwrites one of them now, that is no loop.
func (c *contests) sweep(now time.Time) {
	if now.Sub(c.swept) < contestMemory {
		return
	}
	c.swept = now
	for uid, w := range c.written {
		if now.Sub(w.at) > contestMemory {
			delete(c.written, uid)
		}
	}
}

// digestOfStatus returns a digest of what this controller writes into an object's status, without what others may write
// there.
func digestOfStatus(object client.Object) uint64 {
	var status any
	switch o := object.(type) {
	case *v1alpha1.Ingress:
		s := o.Status
		s.Conditions = ownConditions(s.Conditions)
		status = s
	case *v1alpha1.TLSCertificate:
		s := o.Status
		s.Conditions = ownConditions(s.Conditions)
		status = s
	case *v1alpha1.Task:
		s := o.Status
		s.Conditions = ownConditions(s.Conditions)
		if o.Spec.HealthCheck == nil {
			// Whoever watches the instance writes its health, and these conditions follow that.
			s.Health, s.Message, s.LastTransitionTime = "", "", nil
			for _, following := range []string{v1alpha1.ConditionHealthy, v1alpha1.ConditionReady, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling} {
				meta.RemoveStatusCondition(&s.Conditions, following)
			}
		}
		status = s
	case *networkingv1.Ingress:
		status = o.Status
	}
	return digestOf(status)
}

// ownConditions returns a copy of the conditions that this controller writes. Those of others have a prefix.
func ownConditions(conditions []metav1.Condition) []metav1.Condition {
	var own []metav1.Condition
	for _, condition := range conditions {
		switch condition.Type {
		case v1alpha1.ConditionAccepted, v1alpha1.ConditionResolvedRefs, v1alpha1.ConditionProgrammed,
			v1alpha1.ConditionCertificateReady, v1alpha1.ConditionHealthy, v1alpha1.ConditionReady, v1alpha1.ConditionIssuing,
			v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling:
			own = append(own, condition)
		}
	}
	return own
}

// digestOfConditions returns a digest of what events tell of conditions.
func digestOfConditions(conditions []metav1.Condition) uint64 {
	told := make([]string, 0, len(conditions))
	for _, condition := range conditions {
		told = append(told, condition.Type+"="+string(condition.Status)+" "+condition.Reason)
	}
	slices.Sort(told)
	return digestOf(told)
}

func digestOf(content any) uint64 {
	text, err := json.Marshal(content)
	if err != nil {
		panic("encoding a " + reflect.TypeOf(content).String() + ": " + err.Error()) // It came as JSON.
	}
	sum := fnv.New64a()
	_, _ = sum.Write(text)
	return sum.Sum64()
}
