// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/script"
)

// Script does what directives of nginx would.
type Script script.Script

// Name is "script".
func (*Script) Name() string { return "script" }

// Equal returns whether another script does the same.
func (s *Script) Equal(other Policy) bool {
	o, ok := other.(*Script)
	return ok && o != nil && (*script.Script)(s).Equal((*script.Script)(o))
}

// Expressions are the regular expressions of the script, as they are compiled.
func (s *Script) Expressions() []string { return (*script.Script)(s).Expressions() }

// Compile fails if an expression or a text makes no sense.
func (s *Script) Compile(scope *Scope) (Steps, error) {
	p, err := (*script.Script)(s).Compile(scope.expression)
	if err != nil {
		return Steps{}, err
	}
	var preflight func(*View) bool
	if s.SkipOptions && scope != nil && scope.CORS != nil {
		preflight = scope.CORS.compiled().answers
	}
	steps := Steps{Request: func(v *View) Answer { return runScript(p, preflight, v) }}
	if p.ChangesResponse() {
		steps.Response = func(v *View, resp *message.Response) {
			seen := scriptView(v)
			p.Response(&seen, resp)
		}
		steps.Own = func(v *View, resp *message.Response) {
			seen := scriptView(v)
			p.Own(&seen, resp)
			v.Script = seen.State
		}
	}
	return steps, nil
}

func scriptView(v *View) script.View {
	return script.View{
		Request: v.Request, Host: v.Host, Path: v.Path, Sent: v.Sent, Client: v.Client, Secure: v.Secure, Now: v.Now, Own: v.Own, State: v.Script,
	}
}

// runScript runs a script. preflight says whether the route's CORS answers a request. Nil if the script does not ask.
func runScript(p *script.Program, preflight func(*View) bool, v *View) Answer {
	seen := scriptView(v)
	seen.Preflight = preflight != nil && preflight(v)
	if v.Notes != nil {
		seen.Notes = new([]script.Note)
	}
	answer := p.Request(&seen)
	v.Script = seen.State
	if seen.Notes != nil {
		for _, n := range *seen.Notes {
			*v.Notes = append(*v.Notes, Note{Policy: (*Script)(nil).Name(), Passed: n.Passed, Text: n.Text})
		}
	}
	switch {
	case answer.Again:
		v.Path = seen.Path
		return Answer{Again: true}
	case answer.Malformed != "":
		return Answer{Reason: reason.MalformedPath, Detail: answer.Malformed}
	case !answer.Answers():
		return Answer{}
	}
	why := reason.FixedResponse
	if answer.Redirects {
		why = reason.Redirected
		if len(answer.Location) > 0 {
			v.Fields = append(v.Fields, message.Field{Name: locationName, Value: answer.Location})
		}
	}
	return Answer{Reason: why, Status: answer.Status, Content: &Content{Type: answer.Content.Type, Text: answer.Content.Text}}
}
