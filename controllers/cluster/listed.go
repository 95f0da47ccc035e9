// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Listed has the objects of a cache as a list, which follows the cache's events. To list a cache takes a copy of each
// object, in another order each time. Here an object that has not changed is the same pointer, and has the same
// neighbours. The zero value is empty.
type Listed[T client.Object] struct {
	mu sync.Mutex
	// list is sorted by namespace and name, and is never modified. news is what has come since it was made.
	list []T
	news map[types.NamespacedName]news[T]
}

// news is an object that has come or changed, or one that has gone.
type news[T client.Object] struct {
	object T
	gone   bool
}

// Handler returns a handler that has the list follow events. After each it calls then, which may list the objects.
func (l *Listed[T]) Handler(then toolscache.ResourceEventHandler) toolscache.ResourceEventHandler {
	return toolscache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(object any, initial bool) {
			l.note(object, false)
			then.OnAdd(object, initial)
		},
		UpdateFunc: func(before, object any) {
			l.note(object, false)
			then.OnUpdate(before, object)
		},
		DeleteFunc: func(object any) {
			l.note(object, true)
			then.OnDelete(object)
		},
	}
}

func (l *Listed[T]) note(object any, gone bool) {
	name, err := toolscache.DeletionHandlingObjectToName(object)
	if err != nil {
		return
	}
	of, ok := object.(T)
	if !ok && !gone {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.news == nil {
		l.news = make(map[types.NamespacedName]news[T])
	}
	l.news[types.NamespacedName{Namespace: name.Namespace, Name: name.Name}] = news[T]{of, gone}
}

// List returns the objects. Nobody modifies the list, or what is in it.
func (l *Listed[T]) List() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.news) == 0 {
		return l.list
	}
	rest, made := l.list, make([]T, 0, len(l.list)+len(l.news))
	for _, name := range slices.SortedFunc(maps.Keys(l.news), compareNames) {
		n := sort.Search(len(rest), func(i int) bool { return compareNames(client.ObjectKeyFromObject(rest[i]), name) >= 0 })
		made, rest = append(made, rest[:n]...), rest[n:]
		if len(rest) > 0 && client.ObjectKeyFromObject(rest[0]) == name {
			rest = rest[1:]
		}
		if of := l.news[name]; !of.gone {
			made = append(made, of.object)
		}
	}
	made = append(made, rest...)
	l.list, l.news = made, nil
	return l.list
}

func compareNames(a, b types.NamespacedName) int {
	if c := strings.Compare(a.Namespace, b.Namespace); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}
