// SPDX-License-Identifier: Apache-2.0

package observe

import "slices"

// Lines writes requests as the access log in JSON does, for others than the log. So it shows nothing that the log
// leaves out.
type Lines struct{ fields []logField }

// NewLines returns what writes the fields of a line that are named, in their order, as [ParseLogFields] returns them.
// Nil names all.
func NewLines(fields []string) *Lines { return &Lines{chosenFields(fields)} }

// Append adds a request that has ended, as an object of JSON.
func (l *Lines) Append(b []byte, r *Record) []byte {
	b = appendJSON(b, l.fields, r)
	return b[:len(b)-1] // without the line's end
}

// Has returns whether a line has a field.
func (l *Lines) Has(field string) bool {
	return slices.ContainsFunc(l.fields, func(f logField) bool { return f.name == field })
}
