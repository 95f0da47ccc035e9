// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// fairQueue holds names of objects and takes one of each namespace in turn. However many names a namespace adds,
// another namespace waits for no more than one of them.
type fairQueue struct {
	mu sync.Mutex
	// names are the names in each namespace. turns are the namespaces that have some, the next one first.
	names  map[string][]string
	turns  []string
	queued map[types.NamespacedName]bool
	added  chan struct{}
}

func newFairQueue() fairQueue {
	return fairQueue{names: make(map[string][]string), queued: make(map[types.NamespacedName]bool), added: make(chan struct{}, 1)}
}

// add queues the names that are not in the queue yet.
func (q *fairQueue) add(names []types.NamespacedName) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, name := range names {
		if q.queued[name] {
			continue
		}
		q.queued[name] = true
		if len(q.names[name.Namespace]) == 0 {
			q.turns = append(q.turns, name.Namespace)
		}
		q.names[name.Namespace] = append(q.names[name.Namespace], name.Name)
	}
	q.wake()
}

func (q *fairQueue) wake() {
	if len(q.turns) == 0 {
		return
	}
	select {
	case q.added <- struct{}{}:
	default:
	}
}

// next takes a name, and waits until there is one. It returns false at the end of ctx.
func (q *fairQueue) next(ctx context.Context) (types.NamespacedName, bool) {
	for {
		if name, ok := q.take(); ok {
			return name, true
		}
		select {
		case <-q.added:
		case <-ctx.Done():
			return types.NamespacedName{}, false
		}
	}
}

func (q *fairQueue) take() (name types.NamespacedName, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.turns) == 0 {
		return name, false
	}
	namespace := q.turns[0]
	q.turns = q.turns[1:]
	name = types.NamespacedName{Namespace: namespace, Name: q.names[namespace][0]}
	if q.names[namespace] = q.names[namespace][1:]; len(q.names[namespace]) > 0 {
		q.turns = append(q.turns, namespace)
	} else {
		delete(q.names, namespace)
	}
	delete(q.queued, name)
	q.wake()
	return name, true
}
