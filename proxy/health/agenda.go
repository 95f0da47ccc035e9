// SPDX-License-Identifier: Apache-2.0

package health

import "container/heap"

// agenda has the tasks of a namespace that wait for their next probe. It is a heap, by when the probe is due.
type agenda []*Task

// next returns the task whose probe is due first, or nil.
func (a agenda) next() *Task {
	if len(a) == 0 {
		return nil
	}
	return a[0]
}

func (a *agenda) add(t *Task)    { heap.Push((*byDue)(a), t) }
func (a *agenda) remove(t *Task) { heap.Remove((*byDue)(a), t.place) }

// moved moves a task to its place after its due time has changed.
func (a *agenda) moved(t *Task) { heap.Fix((*byDue)(a), t.place) }

// byDue implements heap.Interface. Each task knows its place.
type byDue []*Task

const notOnAgenda = -1

func (h byDue) Len() int           { return len(h) }
func (h byDue) Less(i, j int) bool { return h[i].due < h[j].due }

func (h byDue) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *byDue) Push(x any) {
	t := x.(*Task)
	t.place = len(*h)
	*h = append(*h, t)
}

func (h *byDue) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.place = notOnAgenda
	return t
}
