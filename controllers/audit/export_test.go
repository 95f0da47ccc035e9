// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"maps"
	"slices"
	"strings"
)

// Lost returns the names that are said to do nothing here yet.
func Lost() []string { return slices.Concat(lost, slices.Collect(maps.Keys(sameUnlost))) }

// Mentioned returns every name of an annotation that something is said of.
func Mentioned() []string {
	names := slices.Concat(slices.Collect(maps.Keys(differences)), slices.Collect(maps.Keys(sameIf)), lost, readThere, slices.Collect(maps.Keys(sameUnlost)))
	for i := range needs {
		if name, list := strings.CutSuffix(needs[i].names, "*"); !list {
			names = append(names, name)
		}
		names = append(names, needs[i].one...)
	}
	return names
}
