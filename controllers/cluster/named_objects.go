// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// readersAtOnce is how many objects are read at the same time, each of up to the 1.5 MiB that the API takes.
	readersAtOnce = 4
	// ReadPatience is how long a build waits for what was not read before. What is not read by then keeps nothing else
	// from being served: another build follows when it is.
	ReadPatience = time.Second
	// FirstPatience is how long the first build does.
	FirstPatience = 30 * time.Second
	// readAgain is after how long an object is read again that no watch tells of, or that may not be read, and retryRead
	// after how long one that could not be.
	readAgain = 30 * time.Second
	retryRead = 5 * time.Second
)

// NamedObjects knows those Secrets, or ConfigMaps, that other objects name. A cluster has many more, any of them may be
// as large as the API takes, and whoever may make them may do so without naming them. So the metadata of all of them is
// watched, of which is kept that they are there, and in which version. What is named is read from the API server, each
// version once, and of that is kept what keep leaves. Of each namespace one object is read after one of each other
// namespace: who names many waits for them alone.
type NamedObjects[T client.Object] struct {
	Metadata Metadata
	read     func(ctx context.Context, name types.NamespacedName, notOlder string) (T, error)
	keep     func(T) T
	// changed is called when something else is to be known of an object that is named.
	changed func()

	named atomic.Pointer[map[types.NamespacedName]struct{}]
	queue fairQueue
	// progress is told whenever an object was read.
	progress chan struct{}
	running  sync.WaitGroup
	begun    bool

	mu   sync.Mutex
	held map[types.NamespacedName]*heldObject[T]
	tell []func(types.NamespacedName)
}

// Metadata is which objects of a kind there are, and in which version.
type Metadata interface {
	// Watch has noticed called with the name of each object that comes, changes or goes.
	Watch(ctx context.Context, noticed func(types.NamespacedName)) error
	// WaitForCacheSync waits until all of them are known, and is false at the end of ctx before; Synced says whether they
	// are.
	WaitForCacheSync(ctx context.Context) bool
	Synced() bool
	// Version returns the latest version of an object that is known.
	Version(ctx context.Context, name types.NamespacedName) (version string, there bool)
}

// heldObject is what is known of an object that is named.
type heldObject[T client.Object] struct {
	object T
	// version is that of the object, empty while it is not there.
	version string
	there   bool
	// known is set once it is known whether it is there.
	known bool
	// stale is set when it may have changed, and wanted while it is to be read.
	stale, wanted bool
	// awaited is set while a build waits for it.
	awaited bool
	// refused is set while the API server does not let it be read.
	refused bool
	// at is when it was read, and again when it is to be read again at the earliest after it could not be.
	at, again time.Time
}

// forget notes that an object is not there.
func (h *heldObject[T]) forget() {
	var none T
	h.object, h.version, h.there, h.known, h.refused = none, "", false, true, false
}

// NewNamedObjects makes what knows those that metadata tells of, as soon as they are named. Changed is called when
// something else is to be known of one.
func NewNamedObjects[T client.Object](metadata Metadata, read func(context.Context, types.NamespacedName, string) (T, error), keep func(T) T, changed func()) *NamedObjects[T] {
	return &NamedObjects[T]{
		Metadata: metadata, read: read, keep: keep, changed: changed, progress: make(chan struct{}, 1),
		queue: newFairQueue(), held: make(map[types.NamespacedName]*heldObject[T]),
	}
}

// Subscribe has a function called with the name of each object of which something else is known than before.
func (n *NamedObjects[T]) Subscribe(changed func(types.NamespacedName)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tell = append(n.tell, changed)
}

// Begin has the objects watched and read until ctx ends. To call it again does nothing.
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

// Wait returns when nothing is read any more, after the end of the context.
func (n *NamedObjects[T]) Wait() { n.running.Wait() }

// noticed notes that an object has changed, or may have.
func (n *NamedObjects[T]) noticed(name types.NamespacedName) {
	if named := n.named.Load(); named == nil {
		return
	} else if _, ok := (*named)[name]; !ok {
		return
	}
	n.mu.Lock()
	if h := n.held[name]; h != nil {
		h.stale = true
	}
	n.mu.Unlock()
	n.changed()
}

// Get returns an object that is named, as it was read last; false where there is none, or it is not known.
func (n *NamedObjects[T]) Get(name types.NamespacedName) (object T, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h := n.held[name]; h != nil && h.there {
		return h.object, true
	}
	return object, false
}

// LookUp has these objects known, and no others from now on. It waits for what is not, but no longer than patience.
func (n *NamedObjects[T]) LookUp(ctx context.Context, named map[types.NamespacedName]struct{}, patience time.Duration) error {
	n.named.Store(&named)
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
	var pending, added, gone []types.NamespacedName
	for name := range named {
		h := n.held[name]
		if h == nil {
			h = &heldObject[T]{stale: true}
			n.held[name] = h
		}
		if h.wanted { // What it is read as may be older than what it is stale for, which the build after this one sees to.
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
	// A build that waits for it needs none to follow, unless it has changed meanwhile.
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

// Objects returns those that are there, and why what is known of others is not known.
func (n *NamedObjects[T]) Objects() (there []T, unknown map[types.NamespacedName]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
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
