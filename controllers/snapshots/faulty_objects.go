// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Everything that users write is checked before it comes here, so nothing here should ever happen. But there is one
// snapshot for all: if one object made the data plane refuse it, or the translation panic, nobody's changes would be
// served any more.

// checker is a data plane that says of a snapshot why it would refuse it, without serving it.
type checker interface {
	Check(snapshot *snapshot.Snapshot) error
}

const (
	// maxFound is how often at most a search finds an object at fault. An object may be found three times, if its remedies
	// do not help.
	maxFound = 48
	// maxAlone is how many objects of one kind and namespace at most have remedies of their own. If there are more, all
	// objects of that kind and namespace have the same remedy, so that one user cannot use up maxFound.
	maxAlone = 3
	// faultyPause is the shortest time between two searches for objects at fault, and between two attempts to serve those
	// that were found as they are: another object may have made the difference.
	faultyPause = time.Minute
)

// remedy is what is done about an object that cannot be served.
type remedy uint8

const (
	// isClosed is for an object that keeps its places, which answer 503.
	isClosed remedy = iota + 1
	// isClosingHosts is for one whose places cannot be kept and that may say who gets in: all of its hosts answers 503.
	isClosingHosts
	// isLeftOut is for one that has no part in the snapshot.
	isLeftOut
)

// suspect is one generation of one object.
type suspect struct {
	objectKey
	uid        types.UID
	generation int64
}

func suspectOf(kind string, object client.Object) suspect {
	return suspect{objectKey{kind, client.ObjectKeyFromObject(object)}, object.GetUID(), object.GetGeneration()}
}

// faulty are the objects that were found to be at fault.
type faulty struct {
	remedies map[suspect]remedy
	searched time.Time
}

// faultyText is what an object that is at fault is told. What the data plane says of it may name objects of other
// namespaces, so that only the log has it.
const faultyText = "the data plane cannot serve it, or several others of its kind in this namespace, " +
	"and the controller's log says why: please report that"

// recovered calls f and returns a panic in it as an error.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// build builds a snapshot, with a panic in that as an error.
func (c *Controller) build(in translate.Input) (built *snapshot.Snapshot, reports []*translate.Report, err error) {
	err = recovered(func() error {
		built, reports = c.builder.Build(in)
		return nil
	})
	return built, reports, err
}

// serve builds a snapshot from in and has the data plane serve it. If that fails because of a few objects, those are
// closed or left out. The snapshot is nil if none could be built.
func (c *Controller) serve(ctx context.Context, in translate.Input) (built *snapshot.Snapshot, reports []*translate.Report, generation uint64, refused error) {
	if len(c.faulty.remedies) > 0 && time.Since(c.faulty.searched) > faultyPause {
		c.faulty.remedies = nil
	}
	built, reports, generation, refused = c.try(in)
	if refused == nil || ctx.Err() != nil || time.Since(c.faulty.searched) < faultyPause {
		return built, reports, generation, refused
	}
	found := c.search(ctx, in)
	c.faulty.searched = time.Now()
	if found == nil {
		return built, reports, generation, refused
	}
	log.FromContext(ctx).Error(refused, "what cannot be served is left out of the snapshot", "objects", rules.Bounded(namesOf(found)))
	c.faulty.remedies = found
	return c.try(in)
}

// try has the data plane serve an input with the remedies that are known.
func (c *Controller) try(in translate.Input) (built *snapshot.Snapshot, reports []*translate.Report, generation uint64, refused error) {
	remedied, told := withRemedies(in, c.faulty.remedies)
	built, reports, refused = c.build(remedied)
	if refused != nil {
		return nil, nil, 0, refused
	}
	if previous := c.latest.Load(); previous != nil {
		generation = previous.generation // It stays, should Apply panic.
	}
	refused = recovered(func() (err error) {
		generation, err = c.Applier.Apply(built)
		return err
	})
	if len(told) > 0 {
		reports = slices.SortedFunc(slices.Values(slices.Concat(reports, told)), (*translate.Report).Compare)
	}
	return built, reports, generation, refused
}

// search finds objects without which an input can be served, and what to do about each. It returns nil if there are no
// such objects, or too many.
func (c *Controller) search(ctx context.Context, in translate.Input) map[suspect]remedy {
	checker, ok := c.Applier.(checker)
	if !ok {
		return nil
	}
	suspects := suspectsIn(in)
	guards := make(map[suspect]bool)
	for _, o := range in.Objects {
		guards[suspectObject(o)] = o.MayGuard()
	}
	found := findings{suspects: suspects, guards: guards, remedies: make(map[suspect]remedy), alone: make(map[crowd]int)}
	// fails returns whether the input fails with the first n suspects alone.
	fails := func(n int) bool {
		tried, _ := withRemedies(in, found.remedies)
		return recovered(func() error { return checkWith(checker, tried, suspects[:n]) }) != nil
	}
	for finds := 0; fails(len(suspects)); finds++ {
		if finds == maxFound || ctx.Err() != nil || fails(0) {
			return nil // There are too many, or it is not the objects.
		}
		// The input is in order with the first good suspects, and fails with the first bad ones.
		good, bad := 0, len(suspects)
		for bad-good > 1 {
			if middle := (good + bad) / 2; fails(middle) {
				bad = middle
			} else {
				good = middle
			}
		}
		if !found.add(suspects[good]) {
			return nil // It is out already.
		}
	}
	return found.remedies
}

// crowd are the objects of one kind and namespace.
type crowd struct{ kind, namespace string }

func (s suspect) crowd() crowd { return crowd{s.kind, s.Namespace} }

// findings are what a search has found so far.
type findings struct {
	suspects []suspect
	guards   map[suspect]bool
	remedies map[suspect]remedy
	// alone counts the objects of a crowd that were found, each once.
	alone map[crowd]int
}

// add notes the next remedy for an object that was found, or for its whole crowd. It returns false if there is none.
func (f *findings) add(at suspect) bool {
	before := f.remedies[at]
	if before == isLeftOut {
		return false
	}
	if before == 0 {
		f.alone[at.crowd()]++
	}
	if f.alone[at.crowd()] <= maxAlone {
		f.remedies[at] = f.remedy(at, before+1)
		return true
	}
	// What did not help one of them is not tried with all. But those that may say who gets in are left out last.
	least := before + 1
	for s, r := range f.remedies {
		if s.crowd() == at.crowd() {
			least = max(least, min(r, isClosingHosts))
		}
	}
	for _, s := range f.suspects {
		if s.crowd() == at.crowd() {
			f.remedies[s] = max(f.remedies[s], f.remedy(s, least))
		}
	}
	return true
}

// remedy returns the first remedy for an object that is at least the one given.
func (f *findings) remedy(of suspect, least remedy) remedy {
	switch {
	case of.kind == v1alpha1.TaskKind || of.kind == v1alpha1.TLSCertificateKind:
		return isLeftOut
	case least == isClosingHosts && !f.guards[of]:
		return isLeftOut
	}
	return least
}

// checkWith returns why an input could not be served that has of its objects these alone.
func checkWith(checker checker, in translate.Input, only []suspect) error {
	kept := make(map[suspect]bool, len(only))
	for _, s := range only {
		kept[s] = true
	}
	in.Objects = slices.DeleteFunc(slices.Clone(in.Objects), func(o *rules.Object) bool { return !kept[suspectObject(o)] })
	in.Tasks = slices.DeleteFunc(slices.Clone(in.Tasks), func(o *v1alpha1.Task) bool { return !kept[suspectOf(v1alpha1.TaskKind, o)] })
	in.TLSCertificates = slices.DeleteFunc(slices.Clone(in.TLSCertificates), func(o *v1alpha1.TLSCertificate) bool {
		return !kept[suspectOf(v1alpha1.TLSCertificateKind, o)]
	})
	built, _ := translate.Build(in)
	return checker.Check(built)
}

// suspectsIn returns all objects of an input, and the oldest first of those that make routes: of two that cannot be
// served together, the younger one is found.
func suspectsIn(in translate.Input) []suspect {
	suspects := make([]suspect, 0, len(in.Objects)+len(in.Tasks)+len(in.TLSCertificates))
	for _, o := range slices.SortedFunc(slices.Values(in.Objects), rules.Older) {
		suspects = append(suspects, suspectObject(o))
	}
	for _, o := range in.Tasks {
		suspects = append(suspects, suspectOf(v1alpha1.TaskKind, o))
	}
	for _, o := range in.TLSCertificates {
		suspects = append(suspects, suspectOf(v1alpha1.TLSCertificateKind, o))
	}
	return suspects
}

func suspectObject(o *rules.Object) suspect {
	return suspect{objectKey{o.Kind, types.NamespacedName{Namespace: o.Namespace, Name: o.Name}}, o.UID, o.Generation}
}

// withRemedies returns an input with the remedies for those of its objects that have one, and what those that are left
// out are told.
func withRemedies(in translate.Input, remedies map[suspect]remedy) (remedied translate.Input, told []*translate.Report) {
	if len(remedies) == 0 {
		return in, nil
	}
	tell := func(s suspect, reason string) {
		told = append(told, &translate.Report{Kind: s.kind, Namespace: s.Namespace, Name: s.Name, UID: s.uid, Generation: s.generation,
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionFalse, Reason: reason,
				Message: faultyText, ObservedGeneration: s.generation}}})
	}
	objects := in.Objects
	in.Objects = make([]*rules.Object, 0, len(objects))
	for _, o := range objects {
		switch s := suspectObject(o); remedies[s] {
		case isClosed:
			in.Objects = append(in.Objects, o.Closed(faultyText))
		case isClosingHosts:
			in.Objects = append(in.Objects, o.ClosedHosts(faultyText))
		case isLeftOut:
			tell(s, v1alpha1.ReasonInvalidRule)
		default:
			in.Objects = append(in.Objects, o)
		}
	}
	in.Tasks = slices.DeleteFunc(slices.Clone(in.Tasks), func(o *v1alpha1.Task) bool {
		s := suspectOf(v1alpha1.TaskKind, o)
		if remedies[s] == isLeftOut {
			tell(s, v1alpha1.ReasonInvalidTask)
		}
		return remedies[s] == isLeftOut
	})
	in.TLSCertificates = slices.DeleteFunc(slices.Clone(in.TLSCertificates), func(o *v1alpha1.TLSCertificate) bool {
		s := suspectOf(v1alpha1.TLSCertificateKind, o)
		if remedies[s] == isLeftOut {
			tell(s, v1alpha1.ReasonRejected)
		}
		return remedies[s] == isLeftOut
	})
	return in, told
}

// namesOf lists objects for the log.
func namesOf(remedies map[suspect]remedy) []string {
	var names []string
	for s := range maps.Keys(remedies) {
		names = append(names, s.kind+" "+s.String())
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names
}
