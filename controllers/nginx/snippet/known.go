// SPDX-License-Identifier: Apache-2.0

package snippet

import (
	"slices"
	"strings"
)

// Known is what is known of a directive.
type Known struct {
	Name string
	// Why says why it means nothing here. Empty for a directive that is kept.
	Why string
}

// KnownDirectives returns the directives that close no path, by name. All others do.
func KnownDirectives() (list []Known) {
	for name, e := range table {
		list = append(list, Known{Name: name, Why: e.nothing})
	}
	slices.SortFunc(list, func(a, b Known) int { return strings.Compare(a.Name, b.Name) })
	return list
}
