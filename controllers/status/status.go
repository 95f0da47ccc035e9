// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	// reader asks the API server itself.
	reader     client.Reader
	recorder   events.EventRecorder
	fieldOwner string
	pace       *pace
	contests   *contests
}

// NewWriter returns what writes the statuses for the ingress class's controller.
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

// WriteInTurn is write for what nobody waits for, when it is the object's turn.
func (w *Writer) WriteInTurn(
	ctx context.Context, before, after client.Object, was, is []metav1.Condition,
) (ctrl.Result, error) {
	name := client.ObjectKeyFromObject(after)
	if equality.Semantic.DeepEqual(before, after) {
		w.pace.leave(name)
		return ctrl.Result{}, nil
	}
	if wait := w.pace.wait(name, time.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	return w.write(ctx, before, after, was, is)
}

// Leave gives up the turn of an object whose status is not to be written any more.
func (w *Writer) Leave(name types.NamespacedName) { w.pace.leave(name) }

// WriteNow is write for what people wait for. Those statuses that wait for their turn wait longer for it.
func (w *Writer) WriteNow(
	ctx context.Context, before, after client.Object, was, is []metav1.Condition,
) (ctrl.Result, error) {
	if equality.Semantic.DeepEqual(before, after) {
		return ctrl.Result{}, nil
	}
	if wait := w.contests.wait(before); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	w.pace.pass(time.Now())
	return w.write(ctx, before, after, was, is)
}

// write persists the status of after if it differs from that of before, and then tells of the conditions that changed.
// If the object is newer in the cluster than before was, nothing is written: its event is on the way. If others
// overwrite the status again and again, it is not written either but has to be tried again after a while.
func (w *Writer) write(
	ctx context.Context, before, after client.Object, was, is []metav1.Condition,
) (ctrl.Result, error) {
	if equality.Semantic.DeepEqual(before, after) {
		return ctrl.Result{}, nil
	}
	if wait := w.contests.wait(before); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	var others []string
	if w.contests.imminent(before) {
		others = w.otherWriters(ctx, before) // who after this own nothing of it any more
	}
	// The whole list of conditions is replaced, so it must be the one that was read.
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
	stale, contest := w.contests.wrote(before, after, is)
	if !stale {
		w.Tell(after, was, is)
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

// otherWriters returns the names under which others own fields of an object's status, as the API server knows them now.
func (w *Writer) otherWriters(ctx context.Context, object client.Object) []string {
	kind, err := w.client.GroupVersionKindFor(object)
	if err != nil {
		return nil
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind)
	// To list objects is a right that the controller has anyway.
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
		// Who empties a status owns nothing of it, and a controller of the same class has the same name.
		others = append(others, "unknown")
	}
	slices.Sort(others)
	return slices.Compact(others)
}

// Tell tells of the conditions of an object that changed.
func (w *Writer) Tell(object client.Object, was, is []metav1.Condition) {
	for _, e := range transitions(was, is) {
		w.recorder.Eventf(object, nil, e.kind, e.reason, e.action, "%s", e.note)
	}
}

// Wrote says whether something in the status of an object is as this controller wrote it.
func (w *Writer) Wrote(object client.Object) bool {
	return slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == w.fieldOwner && entry.Subresource == "status"
	})
}

// SetConditions sets the conditions of a status to what is to be said, and leaves those of other types as they are. A
// condition that says the same as before keeps its time.
func SetConditions(conditions *[]metav1.Condition, said []metav1.Condition) {
	for _, condition := range said {
		meta.SetStatusCondition(conditions, condition)
	}
}

// transition is an event to be.
type transition struct {
	kind, reason, action, note string
}

// transitions returns an event for each condition whose status or reason changed. A condition that is there for the
// first time is news if it is not True, or if it is Programmed: a new object that is in order is told of once.
func transitions(was, is []metav1.Condition) []transition {
	var news []transition
	for _, now := range is {
		before := meta.FindStatusCondition(was, now.Type)
		switch {
		case before == nil && now.Status == metav1.ConditionTrue && now.Type != v1alpha1.ConditionProgrammed:
			continue
		case before != nil && before.Status == now.Status && before.Reason == now.Reason:
			continue
		case before != nil && before.Reason == v1alpha1.ReasonNotProbed && now.Status == metav1.ConditionTrue:
			continue // the first probe of an instance that is in order
		case now.Reason == v1alpha1.ReasonPending:
			continue // the news is how it ends
		}
		// That nothing is ordered is how it should be; the first time it is no news.
		calm := now.Type == v1alpha1.ConditionIssuing && (now.Reason == v1alpha1.ReasonUpToDate || now.Reason == v1alpha1.ReasonNotRenewed)
		if calm && before == nil {
			continue
		}
		kind := corev1.EventTypeNormal
		if now.Status == metav1.ConditionFalse && !calm {
			kind = corev1.EventTypeWarning
		}
		news = append(news, transition{kind: kind, reason: now.Reason, action: now.Type, note: cluster.ClipMessage(now.Message)})
	}
	return news
}
