// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"sort"
)

// difference returns which objects were in a list and are in it no more, and which have come. An object is in a list
// once. Lists in which hardly anything changes, and nothing changes its place, cost next to nothing.
func difference[T any](before, now []*T) (gone, came []*T) {
	for len(before) > 0 && len(now) > 0 && before[0] == now[0] {
		before, now = before[1:], now[1:]
	}
	for len(before) > 0 && len(now) > 0 && before[len(before)-1] == now[len(now)-1] {
		before, now = before[:len(before)-1], now[:len(now)-1]
	}
	if len(before) == len(now) { // Most of what changes stays where it is.
		was, is := before, now
		before, now = nil, nil
		for i := range was {
			if was[i] != is[i] {
				before, now = append(before, was[i]), append(now, is[i])
			}
		}
	}
	if len(before) == 0 || len(now) == 0 {
		return before, now
	}
	there := make(map[*T]bool, len(before))
	for _, o := range before {
		there[o] = true
	}
	for _, o := range now {
		if there[o] {
			delete(there, o)
		} else {
			came = append(came, o)
		}
	}
	for _, o := range before {
		if there[o] {
			gone = append(gone, o)
		}
	}
	return gone, came
}

// patched returns a sorted list without some items and with others. Nobody sees the list change. An item that replaces
// another one is in both. It copies what lies between changes in one piece.
func patched[T any](list, gone, came []T, compare func(a, b *T) int) []T {
	if len(gone) == 0 && len(came) == 0 {
		return list
	}
	byOrder := func(a, b T) int { return compare(&a, &b) }
	slices.SortFunc(gone, byOrder)
	slices.SortFunc(came, byOrder)
	made := make([]T, 0, max(len(list)+len(came)-len(gone), 0))
	// upTo copies what comes before an item.
	upTo := func(item *T) {
		n := sort.Search(len(list), func(i int) bool { return compare(&list[i], item) >= 0 })
		made, list = append(made, list[:n]...), list[n:]
	}
	for len(gone) > 0 || len(came) > 0 {
		if len(came) == 0 || len(gone) > 0 && compare(&gone[0], &came[0]) <= 0 {
			upTo(&gone[0])
			if len(list) > 0 && compare(&list[0], &gone[0]) == 0 {
				list = list[1:]
			}
			gone = gone[1:]
			continue
		}
		upTo(&came[0])
		made, came = append(made, came[0]), came[1:]
	}
	return append(made, list...)
}

// find returns the item of a sorted list that is like another one, nil if there is none.
func find[T any](list []T, like *T, compare func(a, b *T) int) *T {
	n := sort.Search(len(list), func(i int) bool { return compare(&list[i], like) >= 0 })
	if n == len(list) || compare(&list[n], like) != 0 {
		return nil
	}
	return &list[n]
}
