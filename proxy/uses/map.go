// SPDX-License-Identifier: Apache-2.0

package uses

import "iter"

// Map keeps values by keys. It counts how often each is used. [Map.Sweep] forgets those that are not used. It looks at
// none but those that were added or dropped since the last time, so it costs what has changed. The zero value is empty.
// Only one goroutine may use a Map at a time.
type Map[K comparable, V any] struct {
	values map[K]value[V]
	// unsure are the keys that may not be used. One may occur several times.
	unsure []K
}

type value[V any] struct {
	value V
	uses  int
}

// Get returns the value of a key.
func (m *Map[K, V]) Get(key K) (of V, ok bool) {
	v, ok := m.values[key]
	return v.value, ok
}

// Add adds a value, which nothing uses yet. If the key has another one, it takes the place of that, and its uses.
func (m *Map[K, V]) Add(key K, of V) {
	if m.values == nil {
		m.values = make(map[K]value[V])
	}
	m.values[key] = value[V]{of, m.values[key].uses}
	m.unsure = append(m.unsure, key)
}

// Use counts one more use of a key that was added.
func (m *Map[K, V]) Use(key K) {
	v := m.values[key]
	v.uses++
	m.values[key] = v
}

// Drop counts one use less.
func (m *Map[K, V]) Drop(key K) {
	v := m.values[key]
	v.uses--
	m.values[key] = v
	if v.uses == 0 {
		m.unsure = append(m.unsure, key)
	}
}

// Sweep forgets what is not used. It calls gone with that, unless gone is nil.
func (m *Map[K, V]) Sweep(gone func(K, V)) {
	for _, key := range m.unsure {
		if v, ok := m.values[key]; ok && v.uses == 0 {
			delete(m.values, key)
			if gone != nil {
				gone(key, v.value)
			}
		}
	}
	clear(m.unsure)
	m.unsure = m.unsure[:0]
	if cap(m.unsure) > mostUnsure {
		m.unsure = nil
	}
}

// mostUnsure is how much room is kept for keys that may not be used.
const mostUnsure = 64

// Len returns how many keys there are.
func (m *Map[K, V]) Len() int { return len(m.values) }

// All has the keys with their values, in no order.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key, v := range m.values {
			if !yield(key, v.value) {
				return
			}
		}
	}
}
