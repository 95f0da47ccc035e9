// SPDX-License-Identifier: Apache-2.0

package script

import (
	"slices"
)

// Script does with a request what directives of nginx would: its rewrite module, and those that change fields. It
// stands for a server, for a location in that, and for the blocks of if in the location, each of which is a location of
// its own. Texts are written as in nginx, where $name, ${name} and $1 stand for what a variable or a group has.
type Script struct {
	// Server is what runs before a location is found, once for each request. Location is what runs in the location.
	Server, Location []Step
	// Fields are what the location does to fields, and Ifs what its ifs do. Each has all that it inherits. Outer is what
	// is done where the server's steps answer.
	Fields Level
	Ifs    []Level
	Outer  Level
	// Constants are variables that have the same value in every request that comes to a location.
	Constants []Constant
	// Path is the regular expression by which the location is found, or empty. Its groups are $1 to $9 until another
	// expression is tried.
	Path string
	// Locations take requests that come to the script's own location, in their order in the snippets. A path that is
	// OwnPath none of them takes. Expressed is set if the script's location is an expression: of the beginnings beside it,
	// only final ones go before it.
	Locations []Location
	OwnPath   string
	Expressed bool
	// Bare is set if the location is none that ingress-nginx writes, so that the variables that it sets there are empty.
	Bare bool
	// Methods are those that come to the location's steps. Others get 403. Empty is for all.
	Methods []string
	// SkipOptions has the location's steps skipped where the view says that something else answers the OPTIONS.
	SkipOptions bool
	// Host is the text of the host that the endpoint gets. Empty leaves it.
	Host string
	// SentMethod is the method that the endpoint gets, but for a HEAD. Empty leaves it.
	SentMethod string
	// Relative is set if a Location that begins with a slash stays as it is. Otherwise the scheme and the host of the
	// request come before it.
	Relative bool
}

// Constant is a variable that has the same value in every request.
type Constant struct {
	Name, Value string
	// Early is set if it has that before the location is found.
	Early bool
}

// Step is one directive of the rewrite module.
type Step struct {
	// Line is where it stands in the snippet, 0 if it stands in none. Text is what explain shows of it.
	Line int
	Text string
	Op   Op
	// Variable is what set gives a value, or what if looks at.
	Variable string
	// Value is the text that set gives, that if compares with, that return answers with, or that rewrite makes.
	Value string
	// Expression is what if or rewrite matches.
	Expression string
	// Fold ignores the case of letters, and Negate turns a condition round.
	Fold, Negate bool
	// Status is that of return, or of a rewrite that redirects.
	Status int
	// DropQuery has rewrite drop the query of the request.
	DropQuery bool
	// Level is that of Ifs that holds once an if is met, counted from 1. 0 leaves what holds.
	Level int
	// Steps is how many of the steps that follow belong to an if.
	Steps int
	// ContentType is that of what return answers with.
	ContentType string
}

// Op is what a step does.
type Op uint8

// The steps.
const (
	// Set gives a variable a value.
	Set Op = iota
	// IfSet goes on if a variable is neither empty nor 0.
	IfSet
	// IfEqual goes on if a variable has a value.
	IfEqual
	// IfMatch goes on if an expression matches a variable.
	IfMatch
	// Return answers.
	Return
	// Rewrite changes the path, and goes on. The location is looked for anew at the end.
	Rewrite
	// RewriteLast changes the path, and looks for the location anew.
	RewriteLast
	// RewriteBreak changes the path, and stays in the location.
	RewriteBreak
	// Redirect answers with the changed path.
	Redirect
	// Break ends the steps, and stays in the location.
	Break
)

// Level is what is done to the fields of requests and responses in a location.
type Level struct {
	// Input changes what the client sent (more_set_input_headers), and Proxy is what the endpoint gets (proxy_set_header).
	Input, Proxy []Field
	// Hide are the fields of the endpoint's that clients do not get, in lower case.
	Hide []string
	// More changes the fields of a response (more_set_headers). Expires comes after that, and then Add (add_header).
	More    []Field
	Expires Expires
	Add     []Field
}

// Field is a change of a field.
type Field struct {
	Line int
	Name string
	// Value is empty if fields are only taken away.
	Value string
	Op    FieldOp
	// Statuses and Types are those of messages that are changed. Empty is for all.
	Statuses []int
	Types    []string
}

// FieldOp is how a field is changed.
type FieldOp uint8

// The ways to change a field.
const (
	// FieldSet replaces the fields of the name.
	FieldSet FieldOp = iota
	// FieldReplace does so only if there are any.
	FieldReplace
	// FieldClear takes away the fields of the name.
	FieldClear
	// FieldClearPrefix takes away the fields whose names begin so.
	FieldClearPrefix
	// FieldAppend adds a field beside others of the name.
	FieldAppend
)

// Expires sets Expires and Cache-Control.
type Expires struct {
	Op ExpiresOp
	// Seconds are counted from now.
	Seconds int64
}

// ExpiresOp is how Expires is set.
type ExpiresOp uint8

// The ways to set Expires.
const (
	ExpiresOff ExpiresOp = iota
	ExpiresEpoch
	ExpiresMax
	ExpiresIn
)

// AddedStatuses are those of the responses that add_header and expires change, unless add_header says always.
var AddedStatuses = []int{200, 201, 204, 206, 301, 302, 303, 304, 307, 308}

// Equal returns whether another script does the same.
func (s *Script) Equal(o *Script) bool {
	return slices.Equal(s.Server, o.Server) && slices.Equal(s.Location, o.Location) && equalLevels(s.Fields, o.Fields) &&
		equalLevels(s.Outer, o.Outer) && slices.EqualFunc(s.Ifs, o.Ifs, equalLevels) && slices.Equal(s.Constants, o.Constants) &&
		s.Path == o.Path && s.Host == o.Host && s.SentMethod == o.SentMethod && s.Bare == o.Bare && slices.Equal(s.Methods, o.Methods) &&
		s.SkipOptions == o.SkipOptions && s.Relative == o.Relative && s.OwnPath == o.OwnPath && s.Expressed == o.Expressed &&
		slices.EqualFunc(s.Locations, o.Locations, equalLocations)
}

func equalLevels(a, b Level) bool {
	return equalFields(a.Input, b.Input) && equalFields(a.Proxy, b.Proxy) && slices.Equal(a.Hide, b.Hide) &&
		equalFields(a.More, b.More) && a.Expires == b.Expires && equalFields(a.Add, b.Add)
}

func equalFields(a, b []Field) bool {
	return slices.EqualFunc(a, b, func(a, b Field) bool {
		return a.Line == b.Line && a.Name == b.Name && a.Value == b.Value && a.Op == b.Op &&
			slices.Equal(a.Statuses, b.Statuses) && slices.Equal(a.Types, b.Types)
	})
}

// Expressions are the regular expressions of the script, as they are compiled.
func (s *Script) Expressions() (list []string) {
	if s.Path != "" {
		list = append(list, Folded(s.Path))
	}
	for _, steps := range [][]Step{s.Server, s.Location} {
		for i := range steps {
			switch text := steps[i].Expression; {
			case text == "":
			case steps[i].Fold:
				list = append(list, Folded(text))
			default:
				list = append(list, text)
			}
		}
	}
	for i := range s.Locations {
		list = append(list, s.Locations[i].expressions()...)
	}
	return list
}

// Folded returns an expression that ignores the case of letters.
func Folded(text string) string { return "(?i)" + text }
