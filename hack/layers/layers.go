// SPDX-License-Identifier: Apache-2.0

// Package layers reads which packages of a module may import which, and finds what does not keep to it.
//
// The list is hack/layers.txt. [Read] reads it. [List.Check] compares the code with it, and [List.CheckTable] the table
// of a page. All of it is in layers.go.
package layers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// List is what each package may import, by paths relative to the module's.
type List struct {
	packages map[string][]string
}

// Read reads a list. A line is a package and what it may import, separated by spaces. A # begins a comment, and empty
// lines mean nothing. Read returns an error if a package has two lines, or names a package whose line is not above its
// own.
func Read(text string) (*List, error) {
	l := &List{packages: map[string][]string{}}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		names := strings.Fields(line)
		if len(names) == 0 {
			continue
		}
		name, imports := names[0], names[1:]
		if _, ok := l.packages[name]; ok {
			return nil, fmt.Errorf("line %d: %s has a line already", n+1, name)
		}
		for _, imported := range imports {
			if _, ok := l.packages[imported]; !ok {
				return nil, fmt.Errorf("line %d: %s may import %s, whose line is not above it", n+1, name, imported)
			}
		}
		l.packages[name] = imports
	}
	return l, nil
}

// Check returns what is wrong with the imports among a module's packages: an import that is not allowed, one that is
// allowed and not used, a package without a line, and a line without a package.
func (l *List) Check(imports map[string][]string) (faults []string) {
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		allowed, ok := l.packages[name]
		if !ok {
			faults = append(faults, name+" has no line")
			continue
		}
		for _, imported := range imports[name] {
			if !slices.Contains(allowed, imported) {
				faults = append(faults, fmt.Sprintf("%s imports %s, which its line does not allow", name, imported))
			}
		}
		for _, imported := range allowed {
			if !slices.Contains(imports[name], imported) {
				faults = append(faults, fmt.Sprintf("%s does not import %s, which its line allows", name, imported))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.packages)) {
		if _, ok := imports[name]; !ok {
			faults = append(faults, name+" has a line, and is no package")
		}
	}
	return faults
}

// CheckTable returns where a page's table differs from the list. A row of the table is
// | `package` | what it does | `imports`, and more words |. Backquotes mark the module's packages.
// Packages below hack and test, and the program's own, need no row.
func (l *List) CheckTable(page string) (faults []string) {
	rows := map[string]bool{}
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		name := strings.Trim(cells[1], " `")
		allowed, ok := l.packages[name]
		if !ok || rows[name] {
			faults = append(faults, fmt.Sprintf("the table's row of %s is one too many", name))
			continue
		}
		rows[name] = true
		if told := quoted(cells[3]); !slices.Equal(told, slices.Sorted(slices.Values(allowed))) {
			faults = append(faults, fmt.Sprintf("the table says that %s may import %v, the list says %v", name, told, allowed))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.packages)) {
		first, _, _ := strings.Cut(name, "/")
		if !rows[name] && first != "hack" && first != "test" && name != "." {
			faults = append(faults, "the table has no row of "+name)
		}
	}
	return faults
}

// quoted returns what stands between backquotes, in order.
func quoted(cell string) []string {
	var names []string
	for i, part := range strings.Split(cell, "`") {
		if i%2 == 1 {
			names = append(names, part)
		}
	}
	slices.Sort(names)
	return names
}
