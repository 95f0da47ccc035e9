// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
)

// Writer writes the statuses of objects, and events about what changed in them.
type Writer struct {
	client client.Client
	// reader asks the API server, not a cache.
	reader     client.Reader
	recorder   events.EventRecorder
	fieldOwner string
	pace       *pace
	contests   *contests
}

// NewWriter returns the writer of the ingress class's controller.
func NewWriter(mgr ctrl.Manager, recorder events.EventRecorder, class string, metrics *Metrics) *Writer {
	return &Writer{
		client:     mgr.GetClient(),
		reader:     mgr.GetAPIReader(),
		recorder:   recorder,
		fieldOwner: cluster.FieldOwnerPrefix + class,
		pace:       newPace(),
		contests:   newContests(time.Now, metrics),
	}
}

// WriteInTurn is write for statuses that nobody waits for. It writes when it is the object's turn.
func (w *Writer) WriteInTurn(
	ctx context.Context, before, after client.Object, oldConditions, newConditions []metav1.Condition,
) (ctrl.Result, error) {
	name := client.ObjectKeyFromObject(after)
	if equality.Semantic.DeepEqual(before, after) {
		w.pace.leave(name)
		return ctrl.Result{}, nil
	}
	if wait := w.pace.wait(name, time.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	return w.write(ctx, before, after, oldConditions, newConditions)
}

// Leave gives up the turn of an object whose status is not to be written any more.
func (w *Writer) Leave(name types.NamespacedName) { w.pace.leave(name) }

// WriteNow is write for statuses that people wait for. Statuses that wait for a turn wait longer for it.
func (w *Writer) WriteNow(
	ctx context.Context, before, after client.Object, oldConditions, newConditions []metav1.Condition,
) (ctrl.Result, error) {
	if equality.Semantic.DeepEqual(before, after) {
		return ctrl.Result{}, nil
	}
	if wait := w.contests.wait(before); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	w.pace.pass(time.Now())
	return w.write(ctx, before, after, oldConditions, newConditions)
}

// write writes the status of after if it differs from that of before, and then tells of the conditions that changed.
// It writes nothing if the object in the cluster is newer than before: the event of that is on its way. If others
// overwrite the status again and again, it does not write either, but returns when to try again.
func (w *Writer) write(
	ctx context.Context, before, after client.Object, oldConditions, newConditions []metav1.Condition,
) (ctrl.Result, error) {
	if equality.Semantic.DeepEqual(before, after) {
		return ctrl.Result{}, nil
	}
	if wait := w.contests.wait(before); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	var others []string
	if w.contests.imminent(before) {
		others = w.otherWriters(ctx, before) // Ask now: after the write, others own nothing of it.
	}
	// The patch replaces the whole list of conditions, so the list must not have changed since it was read.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	switch err := w.client.Status().Patch(ctx, after, patch, client.FieldOwner(w.fieldOwner)); {
	case apierrors.IsConflict(err):
		log.FromContext(ctx).V(1).Info("status is not written, the object has changed")
		return ctrl.Result{}, nil
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("writing the status: %w", err)
	}
	stale, contest := w.contests.wrote(before, after, newConditions)
	if !stale {
		w.Tell(after, oldConditions, newConditions)
	}
	if contest {
		log.FromContext(ctx).Info("others overwrite this status again and again: it is written less and less often",
			"writers", others)
		w.recorder.Eventf(after, nil, corev1.EventTypeWarning, "StatusContested", "WriteStatus",
			"others overwrite this status again and again (%s), so that it is written less and less often: have them stop",
			cluster.ClipMessage(strings.Join(others, ", ")))
	}
	return ctrl.Result{}, nil
}

// otherWriters asks the API server for the names under which others own fields of an object's status.
func (w *Writer) otherWriters(ctx context.Context, object client.Object) []string {
	kind, err := w.client.GroupVersionKindFor(object)
	if err != nil {
		return nil
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind)
	// The controller has the right to list these objects anyway.
	if err := w.reader.List(ctx, list, client.InNamespace(object.GetNamespace()),
		client.MatchingFields{metav1.ObjectNameField: object.GetName()}); err != nil {
		log.FromContext(ctx).Error(err, "finding out who else writes the status")
	}
	var others []string
	for i := range list.Items {
		for _, entry := range list.Items[i].ManagedFields {
			if entry.Subresource == "status" && entry.Manager != w.fieldOwner {
				others = append(others, entry.Manager)
			}
		}
	}
	if len(others) == 0 {
		// Somebody who empties a status owns nothing of it, and a controller of the same class has the same name.
		others = append(others, "unknown")
	}
	slices.Sort(others)
	return slices.Compact(others)
}

// Tell sends events for the conditions of an object that changed.
func (w *Writer) Tell(object client.Object, oldConditions, newConditions []metav1.Condition) {
	for _, e := range transitions(oldConditions, newConditions) {
		w.recorder.Eventf(object, w.noted(object, e), e.kind, e.reason, e.action, "%s", e.note)
	}
}

// noted returns what an event names as related: the condition, with a digest of the note. The recorder takes events of
// an object for one that differ in nothing but their note, and drops the later note (client-go 0.37, tools/events,
// getKey). An object changes between two events if its status is written, but an Ingress of networking.k8s.io has no
// conditions to write.
func (w *Writer) noted(object client.Object, e transition) runtime.Object {
	kind, err := w.client.GroupVersionKindFor(object)
	if err != nil {
		return nil
	}
	apiVersion, name := kind.ToAPIVersionAndKind()
	return &corev1.ObjectReference{
		APIVersion: apiVersion, Kind: name, Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(),
		FieldPath: fmt.Sprintf("status.conditions{%s: %08x}", e.action, crc32.ChecksumIEEE([]byte(e.note))),
	}
}

// Wrote returns whether something in the status of an object is as this controller wrote it.
func (w *Writer) Wrote(object client.Object) bool {
	return slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == w.fieldOwner && entry.Subresource == "status"
	})
}

// SetConditions sets the latest conditions in a status, and leaves those of other types as they are. A condition that
// says the same as before keeps its time.
func SetConditions(conditions *[]metav1.Condition, latest []metav1.Condition) {
	for _, condition := range latest {
		meta.SetStatusCondition(conditions, condition)
	}
}

// transition is an event that is to be sent.
type transition struct {
	kind, reason, action, note string
}

// transitions returns an event for each condition whose status or reason changed. A condition that appears for the
// first time is news if it is not True, or if it is Programmed: a new object that is in order is reported once.
func transitions(oldConditions, newConditions []metav1.Condition) []transition {
	var news []transition
	for _, condition := range newConditions {
		before := meta.FindStatusCondition(oldConditions, condition.Type)
		switch {
		case before == nil && condition.Status == metav1.ConditionTrue && condition.Type != v1alpha1.ConditionProgrammed:
			continue
		case before != nil && before.Status == condition.Status && before.Reason == condition.Reason:
			continue
		case before != nil && before.Reason == v1alpha1.ReasonNotProbed && condition.Status == metav1.ConditionTrue:
			continue // the first probe of an instance that is in order
		case condition.Reason == v1alpha1.ReasonPending:
			continue // The outcome will be the news.
		}
		// Nothing being ordered is the normal state, and no news the first time.
		calm := condition.Type == v1alpha1.ConditionIssuing && (condition.Reason == v1alpha1.ReasonUpToDate || condition.Reason == v1alpha1.ReasonNotRenewed)
		if calm && before == nil {
			continue
		}
		kind := corev1.EventTypeNormal
		if condition.Status == metav1.ConditionFalse && !calm {
			kind = corev1.EventTypeWarning
		}
		news = append(news, transition{kind: kind, reason: condition.Reason, action: condition.Type, note: cluster.ClipMessage(condition.Message)})
	}
	return news
}
