// SPDX-License-Identifier: Apache-2.0

package park

// pageSize is how many descriptors share a page of a table. The system gives the lowest ones first, so pages are full.
const pageSize = 256

// table has the waiters by descriptor. It takes 24 bytes for each, and grows page by page.
type table struct {
	pages []*[pageSize]entry
	// waiting is how many waiters there are.
	waiting int
}

// entry is a descriptor's. A descriptor that was closed may soon be another socket's. turn tells these apart.
type entry struct {
	waiter Waiter
	turn   uint32
}

// put notes who waits for a descriptor, and returns the turn.
func (t *table) put(fd int, w Waiter) (turn uint32) {
	for len(t.pages) <= fd/pageSize {
		t.pages = append(t.pages, nil)
	}
	page := &t.pages[fd/pageSize]
	if *page == nil {
		*page = new([pageSize]entry)
	}
	e := &(*page)[fd%pageSize]
	if e.waiter == nil {
		t.waiting++
	}
	e.waiter = w
	e.turn++
	return e.turn
}

// at returns a descriptor's entry, or nil.
func (t *table) at(fd int) *entry {
	if i := fd / pageSize; i < len(t.pages) && t.pages[i] != nil {
		return &t.pages[i][fd%pageSize]
	}
	return nil
}

// take takes out who waits for a descriptor since that turn. It returns nil if nobody does any more.
func (t *table) take(fd int, turn uint32) Waiter {
	if e := t.at(fd); e != nil && e.turn == turn {
		return t.empty(e)
	}
	return nil
}

// remove takes out who waits for a descriptor. It returns nil if nobody does.
func (t *table) remove(fd int) Waiter {
	if e := t.at(fd); e != nil {
		return t.empty(e)
	}
	return nil
}

func (t *table) empty(e *entry) Waiter {
	w := e.waiter
	if w != nil {
		e.waiter = nil
		t.waiting--
	}
	return w
}

// drain takes out all waiters.
func (t *table) drain() (all []Waiter) {
	for _, page := range t.pages {
		if page == nil {
			continue
		}
		for i := range page {
			if w := t.empty(&page[i]); w != nil {
				all = append(all, w)
			}
		}
	}
	return all
}
