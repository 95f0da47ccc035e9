// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
)

// Script does with a request what directives of nginx would: its rewrite module, and those that change fields. It
// stands for a server, for a location in that, and for the blocks of if in the location, each of which is a location of
// its own. Texts are written as in nginx, where $name, ${name} and $1 stand for what a variable or a group has.
type Script struct {
	// Server is what runs before a location is found, once for each request. Location is what runs in the location.
	Server, Location []ScriptStep
	// Fields are what the location does to fields, and Ifs what its ifs do. Each has all that it inherits. Outer is what
	// is done where the server's steps answer.
	Fields ScriptLevel
	Ifs    []ScriptLevel
	Outer  ScriptLevel
	// Constants are variables that have the same value in every request that comes to a location.
	Constants []ScriptConstant
	// Path is the regular expression by which the location is found, or empty. Its groups are $1 to $9 until another
	// expression is tried.
	Path string
	// Bare is set if the location is none that ingress-nginx writes, so that the variables that it sets there are empty.
	Bare bool
	// Methods are those that come to the location's steps. Others get 403. Empty is for all.
	Methods []string
	// SkipOptions is set if something before the location answers every OPTIONS.
	SkipOptions bool
	// Host is the text of the host that the endpoint gets. Empty leaves it.
	Host string
	// Relative is set if a Location that begins with a slash stays as it is. Otherwise the scheme and the host of the
	// request come before it.
	Relative bool
}

// ScriptConstant is a variable that has the same value in every request.
type ScriptConstant struct {
	Name, Value string
	// Early is set if it has that before the location is found.
	Early bool
}

// ScriptStep is one directive of the rewrite module.
type ScriptStep struct {
	// Line is where it stands in the snippet. Text is what explain shows of it.
	Line int
	Text string
	Op   ScriptOp
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

// ScriptOp is what a step does.
type ScriptOp uint8

// The steps.
const (
	// ScriptSet gives a variable a value.
	ScriptSet ScriptOp = iota
	// ScriptIfSet goes on if a variable is neither empty nor 0.
	ScriptIfSet
	// ScriptIfEqual goes on if a variable has a value.
	ScriptIfEqual
	// ScriptIfMatch goes on if an expression matches a variable.
	ScriptIfMatch
	// ScriptReturn answers.
	ScriptReturn
	// ScriptRewrite changes the path, and goes on. The location is looked for anew at the end.
	ScriptRewrite
	// ScriptRewriteLast changes the path, and looks for the location anew.
	ScriptRewriteLast
	// ScriptRewriteBreak changes the path, and stays in the location.
	ScriptRewriteBreak
	// ScriptRedirect answers with the changed path.
	ScriptRedirect
	// ScriptBreak ends the steps, and stays in the location.
	ScriptBreak
)

// ScriptLevel is what is done to the fields of requests and responses in a location.
type ScriptLevel struct {
	// Input changes what the client sent (more_set_input_headers), and Proxy is what the endpoint gets (proxy_set_header).
	Input, Proxy []ScriptField
	// Hide are the fields of the endpoint's that clients do not get, in lower case.
	Hide []string
	// More changes the fields of a response (more_set_headers). Expires comes after that, and then Add (add_header).
	More    []ScriptField
	Expires ScriptExpires
	Add     []ScriptField
}

// ScriptField is a change of a field.
type ScriptField struct {
	Line int
	Name string
	// Value is empty if fields are only taken away.
	Value string
	Op    ScriptFieldOp
	// Statuses and Types are those of messages that are changed. Empty is for all.
	Statuses []int
	Types    []string
}

// ScriptFieldOp is how a field is changed.
type ScriptFieldOp uint8

// The ways to change a field.
const (
	// ScriptFieldSet replaces the fields of the name.
	ScriptFieldSet ScriptFieldOp = iota
	// ScriptFieldReplace does so only if there are any.
	ScriptFieldReplace
	// ScriptFieldClear takes away the fields of the name.
	ScriptFieldClear
	// ScriptFieldClearPrefix takes away the fields whose names begin so.
	ScriptFieldClearPrefix
	// ScriptFieldAppend adds a field beside others of the name.
	ScriptFieldAppend
)

// ScriptExpires sets Expires and Cache-Control.
type ScriptExpires struct {
	Op ScriptExpiresOp
	// Seconds are counted from now.
	Seconds int64
}

// ScriptExpiresOp is how Expires is set.
type ScriptExpiresOp uint8

// The ways to set Expires.
const (
	ScriptExpiresOff ScriptExpiresOp = iota
	ScriptExpiresEpoch
	ScriptExpiresMax
	ScriptExpiresIn
)

// AddedStatuses are those of the responses that add_header and expires change, unless add_header says always.
var AddedStatuses = []int{200, 201, 204, 206, 301, 302, 303, 304, 307, 308}

// Name is "script".
func (*Script) Name() string { return "script" }

// Equal returns whether another script does the same.
func (s *Script) Equal(other Policy) bool {
	o, ok := other.(*Script)
	return ok && o != nil && slices.Equal(s.Server, o.Server) && slices.Equal(s.Location, o.Location) &&
		equalLevels(s.Fields, o.Fields) && equalLevels(s.Outer, o.Outer) && slices.EqualFunc(s.Ifs, o.Ifs, equalLevels) && slices.Equal(s.Constants, o.Constants) &&
		s.Path == o.Path && s.Host == o.Host && s.Bare == o.Bare && slices.Equal(s.Methods, o.Methods) &&
		s.SkipOptions == o.SkipOptions && s.Relative == o.Relative
}

func equalLevels(a, b ScriptLevel) bool {
	return equalFields(a.Input, b.Input) && equalFields(a.Proxy, b.Proxy) && slices.Equal(a.Hide, b.Hide) &&
		equalFields(a.More, b.More) && a.Expires == b.Expires && equalFields(a.Add, b.Add)
}

func equalFields(a, b []ScriptField) bool {
	return slices.EqualFunc(a, b, func(a, b ScriptField) bool {
		return a.Line == b.Line && a.Name == b.Name && a.Value == b.Value && a.Op == b.Op &&
			slices.Equal(a.Statuses, b.Statuses) && slices.Equal(a.Types, b.Types)
	})
}

// Expressions are the regular expressions of the script, as they are compiled.
func (s *Script) Expressions() (list []string) {
	if s.Path != "" {
		list = append(list, foldedExpression(s.Path))
	}
	for _, steps := range [][]ScriptStep{s.Server, s.Location} {
		for i := range steps {
			switch text := steps[i].Expression; {
			case text == "":
			case steps[i].Fold:
				list = append(list, foldedExpression(text))
			default:
				list = append(list, text)
			}
		}
	}
	return list
}

// foldedExpression returns an expression that ignores the case of letters.
func foldedExpression(text string) string { return "(?i)" + text }
