// SPDX-License-Identifier: Apache-2.0

package cluster

// Pointers returns pointers to the items of a list.
func Pointers[T any](items []T) []*T {
	to := make([]*T, len(items))
	for i := range items {
		to[i] = &items[i]
	}
	return to
}
