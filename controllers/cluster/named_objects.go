// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// readersAtOnce is how many objects are read at the same time. The API takes objects of up to 1.5 MiB.
	readersAtOnce = 4
	// ReadPatience is how long a build waits for objects that were not read before. The build then goes on without those
	// that are still missing, and another build follows when they were read.
	ReadPatience = time.Second
	// FirstPatience is how long the first build waits for them.
	FirstPatience = 30 * time.Second
	// readAgain is after how long an object is read again that may not be read, or whose changes no watch reports.
	// retryRead is after how long an object is read again after any other failure.
	readAgain = 30 * time.Second
	retryRead = 5 * time.Second
)

// NamedObjects knows the Secrets, or ConfigMaps, that other objects name. A cluster has many more, each may be as large
// as the API takes, and whoever may create them may do so without naming them. So it watches only the metadata of all
// of them, and keeps only that they exist and in which version. It reads the named ones from the API server, each
// version once, and keeps of them what keep returns. It reads one object of each namespace in turn, so that a namespace
// that names many makes no other namespace wait.
type NamedObjects[T client.Object] struct {
	Metadata Metadata
	read     func(ctx context.Context, name types.NamespacedName, notOlder string) (T, error)
	keep     func(T) T
	// changed is called when there is something new to know of a named object.
	changed func()

	named atomic.Pointer[map[types.NamespacedName]struct{}]
	queue fairQueue
	// progress receives a value whenever an object was read.
	progress chan struct{}
	running  sync.WaitGroup
	begun    bool

	mu   sync.Mutex
	held map[types.NamespacedName]*heldObject[T]
	tell []func(types.NamespacedName)
	// settled is set while nothing has changed since a LookUp that found nothing to read.
	settled bool
	// there and unknown are what Objects returned last. listed is set as long as it would return the same.
	there   []T
	unknown map[types.NamespacedName]string
	listed  bool
}

// Metadata knows which objects of a kind there are, and in which version.
type Metadata interface {
	// Watch has noticed called with the name of each object that comes, changes or goes.
	Watch(ctx context.Context, noticed func(types.NamespacedName)) error
	// WaitForCacheSync waits until all objects are known. It returns false if ctx ends first. Synced returns whether all
	// are known.
	WaitForCacheSync(ctx context.Context) bool
	Synced() bool
	// Version returns the latest known version of an object, and whether the object exists.
	Version(ctx context.Context, name types.NamespacedName) (version string, there bool)
}

// heldObject is what is known of a named object.
type heldObject[T client.Object] struct {
	object T
	// version is the object's, empty while the object does not exist.
	version string
	there   bool
	// known is set once it is known whether the object exists.
	known bool
	// stale is set when the object may have changed. wanted is set while the object is in the queue or being read.
	stale, wanted bool
	// awaited is set while a build waits for the object.
	awaited bool
	// refused is set while the API server refuses to let the object be read.
	refused bool
	// at is when the object was last asked for. After a failure, again is the earliest time of the next attempt.
	at, again time.Time
}

// forget notes that the object does not exist.
func (h *heldObject[T]) forget() {
	var none T
	h.object, h.version, h.there, h.known, h.refused = none, "", false, true, false
}

// NewNamedObjects knows no object until LookUp names some. It calls changed when there is something new to know of one.
func NewNamedObjects[T client.Object](metadata Metadata, read func(context.Context, types.NamespacedName, string) (T, error), keep func(T) T, changed func()) *NamedObjects[T] {
	return &NamedObjects[T]{
		Metadata: metadata, read: read, keep: keep, changed: changed, progress: make(chan struct{}, 1),
		queue: newFairQueue(), held: make(map[types.NamespacedName]*heldObject[T]),
	}
}

// Subscribe has changed called with the name of each object of which something new is known.
func (n *NamedObjects[T]) Subscribe(changed func(types.NamespacedName)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tell = append(n.tell, changed)
}

// Begin watches and reads the objects until ctx ends. A second call does nothing.
func (n *NamedObjects[T]) Begin(ctx context.Context) error {
	if n.begun {
		return nil
	}
	n.begun = true
	if err := n.Metadata.Watch(ctx, n.noticed); err != nil {
		return err
	}
	for range readersAtOnce {
		n.running.Go(func() {
			for {
				name, ok := n.queue.next(ctx)
				if !ok {
					return
				}
				n.fetch(ctx, name)
			}
		})
	}
	return nil
}

// Wait returns when the readers have ended, which they do after the context of Begin has ended.
func (n *NamedObjects[T]) Wait() { n.running.Wait() }

// noticed marks an object stale: it has changed, or may have.
func (n *NamedObjects[T]) noticed(name types.NamespacedName) {
	if named := n.named.Load(); named == nil {
		return
	} else if _, ok := (*named)[name]; !ok {
		return
	}
	n.mu.Lock()
	if h := n.held[name]; h != nil {
		h.stale, n.settled = true, false
	}
	n.mu.Unlock()
	n.changed()
}

// Get returns a named object as it was read last. It returns false if the object does not exist or was not read yet.
func (n *NamedObjects[T]) Get(name types.NamespacedName) (object T, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h := n.held[name]; h != nil && h.there {
		return h.object, true
	}
	return object, false
}

// LookUp makes these objects the named ones, and forgets all others. It waits for those that have to be read, but no
// longer than patience.
func (n *NamedObjects[T]) LookUp(ctx context.Context, named map[types.NamespacedName]struct{}, patience time.Duration) error {
	if before := n.named.Swap(&named); before != nil && n.isSettled(*before, named) {
		return nil
	}
	if len(named) > 0 {
		if err := n.Begin(ctx); err != nil {
			return err
		}
	}
	n.mu.Lock()
	for name := range n.held {
		if _, ok := named[name]; !ok {
			delete(n.held, name)
		}
	}
	watched := n.begun && n.Metadata.Synced()
	n.settled, n.listed = watched, false
	var pending, added, gone []types.NamespacedName
	for name := range named {
		h := n.held[name]
		if h == nil {
			h = &heldObject[T]{stale: true}
			n.held[name] = h
		}
		if h.wanted || h.stale {
			n.settled = false // What there is to read may go on after this.
		}
		if h.wanted { // This read may return less than what made it stale; the next build sees to that.
			h.awaited = true
			pending = append(pending, name)
			continue
		}
		if !watched {
			h.stale = h.stale || time.Since(h.at) >= readAgain
		}
		if h.stale && watched {
			switch version, there := n.Metadata.Version(ctx, name); {
			case !there:
				if h.there {
					gone = append(gone, name)
				}
				h.forget()
				h.stale = false
			case version == h.version:
				h.stale = false
			}
		}
		if h.stale && !time.Now().Before(h.again) {
			h.stale, h.wanted, h.awaited = false, true, true
			added = append(added, name)
		}
	}
	tell := n.tell
	n.mu.Unlock()
	for _, name := range gone {
		for _, f := range tell {
			f(name)
		}
	}
	n.queue.add(added)
	n.await(ctx, append(pending, added...), patience)
	return nil
}

// isSettled returns whether the same map names the objects as before, and there is nothing to be found out about them.
func (n *NamedObjects[T]) isSettled(before, named map[types.NamespacedName]struct{}) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.settled && reflect.ValueOf(before).Pointer() == reflect.ValueOf(named).Pointer()
}

func (n *NamedObjects[T]) await(ctx context.Context, pending []types.NamespacedName, patience time.Duration) {
	if len(pending) == 0 {
		return
	}
	defer func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, name := range pending {
			if h := n.held[name]; h != nil {
				h.awaited = false
			}
		}
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		n.mu.Lock()
		for len(pending) > 0 {
			if h := n.held[pending[0]]; h != nil && h.wanted {
				break
			}
			pending = pending[1:]
		}
		n.mu.Unlock()
		if len(pending) == 0 {
			return
		}
		select {
		case <-n.progress:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// fetch reads an object from the API server.
func (n *NamedObjects[T]) fetch(ctx context.Context, name types.NamespacedName) {
	version, _ := n.Metadata.Version(ctx, name)
	object, err := n.read(ctx, name, version)
	n.mu.Lock()
	n.settled, n.listed = false, false
	h := n.held[name]
	if h == nil {
		n.mu.Unlock()
		return // Nothing names it any more.
	}
	h.wanted, h.at, h.again = false, time.Now(), time.Time{}
	var news bool
	missed := h.stale
	switch {
	case apierrors.IsNotFound(err):
		news = h.there || !h.known
		h.forget()
	case err != nil:
		refused, pause := apierrors.IsForbidden(err), retryRead
		if refused {
			pause = readAgain
		}
		news = h.refused != refused
		h.refused, h.stale, h.again = refused, true, h.at.Add(pause)
		time.AfterFunc(pause, n.changed)
	default:
		news = object.GetResourceVersion() != h.version || h.refused
		h.object, h.version, h.there, h.known, h.refused = n.keep(object), object.GetResourceVersion(), true, true, false
	}
	if !n.Metadata.Synced() {
		time.AfterFunc(readAgain, n.changed)
	}
	// A build that waits for the object needs no other build after it, unless the object has changed meanwhile.
	rebuild := missed || news && !h.awaited
	h.awaited = false
	tell := n.tell
	n.mu.Unlock()
	select {
	case n.progress <- struct{}{}:
	default:
	}
	if rebuild {
		n.changed()
	}
	if !news {
		return
	}
	for _, f := range tell {
		f(name)
	}
}

// Objects returns the named objects that exist. For each of which nothing is known, unknown says why. It returns the
// same list and map as long as nothing changes, and nobody modifies them.
func (n *NamedObjects[T]) Objects() (there []T, unknown map[types.NamespacedName]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listed {
		return n.there, n.unknown
	}
	defer func() { n.there, n.unknown, n.listed = there, unknown, true }()
	there = make([]T, 0, len(n.held))
	for name, h := range n.held {
		switch {
		case h.there:
			there = append(there, h.object)
		case !h.known:
			if unknown == nil {
				unknown = make(map[types.NamespacedName]string)
			}
			unknown[name] = "has not been read yet"
			if h.refused {
				unknown[name] = "may not be read by the controller: its role has to let it list and watch them"
			}
		}
	}
	return there, unknown
}
