// SPDX-License-Identifier: Apache-2.0

package script

import (
	"net/netip"
	"slices"
)

// Location is a location that a snippet adds, and that takes requests of the script's own location. It has no backend:
// what its steps do not answer gets 404, because nginx looks for a file and there is none.
//
// nginx chooses by the beginnings first. The longest one that the path has takes the request if it is final. Else the
// first expression does that matches anywhere in the path, and at last that beginning.
type Location struct {
	// Line is where it stands in the snippet. Text is what explain shows of it.
	Line int
	Text string
	// Nested is set if it stands in the script's location, and not beside it.
	Nested bool
	// Beginning is that of the paths, and Final has it go before expressions. It is empty if Expression says which paths
	// are meant. Fold ignores the case of letters in that.
	Beginning  string
	Final      bool
	Expression string
	Fold       bool
	// Steps, Fields, Ifs, Constants, Path, Methods and Relative are as in a Script whose location it is.
	Steps     []Step
	Fields    Level
	Ifs       []Level
	Constants []Constant
	Path      string
	Methods   []string
	Relative  bool
	// Allowed and Denied are the clients that get 404 and those that get 403, once the steps have let them pass. Who is
	// neither gets 403 if there are allowed ones. The prefixes are masked.
	Allowed, Denied []netip.Prefix
}

// Does gives the location what a script does, without what concerns a backend or the server.
func (l *Location) Does(s *Script) {
	l.Steps, l.Fields, l.Ifs, l.Constants, l.Path, l.Methods, l.Relative = s.Location, s.Fields, s.Ifs, s.Constants, s.Path, s.Methods, s.Relative
}

// Script returns what the location does, as a script.
func (l *Location) Script() *Script {
	return &Script{Location: l.Steps, Fields: l.Fields, Ifs: l.Ifs, Constants: l.Constants, Path: l.Path, Methods: l.Methods, Relative: l.Relative, Bare: true}
}

func equalLocations(a, b Location) bool {
	return a.Line == b.Line && a.Text == b.Text && a.Nested == b.Nested && a.Beginning == b.Beginning && a.Final == b.Final && a.Expression == b.Expression &&
		a.Fold == b.Fold && a.Script().Equal(b.Script()) &&
		slices.Equal(a.Allowed, b.Allowed) && slices.Equal(a.Denied, b.Denied)
}

// expressions are those of the location and of its script, as they are compiled.
func (l *Location) expressions() (list []string) {
	switch {
	case l.Expression == "":
	case l.Fold:
		list = append(list, Folded(l.Expression))
	default:
		list = append(list, l.Expression)
	}
	return append(list, l.Script().Expressions()...)
}
