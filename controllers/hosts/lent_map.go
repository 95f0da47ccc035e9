// SPDX-License-Identifier: Apache-2.0

package hosts

import "maps"

// lentMap is a map that others may hold. It never changes while they do: the first change makes another one. So whoever
// gets the same map again knows that nothing has changed. The zero value is empty.
type lentMap struct {
	of   map[string]string
	lent bool
}

// lend returns the map. Nobody modifies it.
func (m *lentMap) lend() map[string]string {
	if m.of == nil {
		m.of = map[string]string{}
	}
	m.lent = true
	return m.of
}

func (m *lentMap) set(key, value string) {
	if was, ok := m.of[key]; ok && was == value {
		return
	}
	m.own()[key] = value
}

func (m *lentMap) delete(key string) {
	if _, ok := m.of[key]; ok {
		delete(m.own(), key)
	}
}

// own returns a map that may be modified.
func (m *lentMap) own() map[string]string {
	if m.lent {
		m.of, m.lent = maps.Clone(m.of), false
	}
	if m.of == nil {
		m.of = map[string]string{}
	}
	return m.of
}
