// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/script"
	"github.com/warren-dev/ingress/proxy/script/machine"
	"github.com/warren-dev/ingress/proxy/step"
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
func (s *Script) Compile(scope *step.Scope) (step.Steps, error) {
	p, err := machine.Compile((*script.Script)(s), scope.Regexp)
	if err != nil {
		return step.Steps{}, err
	}
	var preflight func(*step.View) bool
	if s.SkipOptions && scope != nil {
		preflight = preflightsOf(scope.Policies)
	}
	steps := step.Steps{Request: func(v *step.View) step.Answer { return runScript(p, preflight, v) }}
	if scope != nil {
		if told := auth.Told(scope.Policies); told != nil {
			p.Withhold(told)
		}
	}
	if p.Sends() {
		steps.Late = func(v *step.View) step.Answer {
			p.Send(v.Request, v.Script, v.User)
			return step.Answer{}
		}
	}
	if p.ChangesResponse() {
		steps.Response = func(v *step.View, resp *message.Response) {
			seen := scriptView(v)
			p.Response(&seen, resp)
		}
		steps.Own = func(v *step.View, resp *message.Response) {
			seen := scriptView(v)
			p.Own(&seen, resp)
			v.Script = seen.State
		}
	}
	return steps, nil
}

func scriptView(v *step.View) machine.View {
	return machine.View{
		Request: v.Request, Host: v.Host, Path: v.Path, Sent: v.Sent, Client: v.Client, Secure: v.Secure, Now: v.Now, Own: v.Own, State: v.Script,
	}
}

// runScript runs a script. preflight says whether the route's CORS answers a request. Nil if the script does not ask.
func runScript(p *machine.Program, preflight func(*step.View) bool, v *step.View) step.Answer {
	seen := scriptView(v)
	seen.Preflight = preflight != nil && preflight(v)
	if v.Notes != nil {
		seen.Notes = new([]machine.Note)
	}
	answer := p.Request(&seen)
	v.Script = seen.State
	if seen.Notes != nil {
		for _, n := range *seen.Notes {
			*v.Notes = append(*v.Notes, step.Note{Policy: (*Script)(nil).Name(), Passed: n.Passed, Text: n.Text})
		}
	}
	switch {
	case answer.Again:
		v.Path = seen.Path
		return step.Answer{Next: step.Again}
	case answer.Malformed != "":
		return step.Answer{Reason: reason.MalformedPath, Detail: answer.Malformed}
	case answer.Refused:
		return step.Answer{Reason: reason.AccessDenied}
	case !answer.Answers():
		return step.Answer{}
	}
	why := reason.FixedResponse
	if answer.Redirects {
		why = reason.Redirected
		if len(answer.Location) > 0 {
			v.Fields = append(v.Fields, message.Field{Name: locationName, Value: answer.Location})
		}
	}
	return step.Answer{Reason: why, Status: answer.Status, Content: &step.Content{Type: answer.Content.Type, Text: answer.Content.Text}}
}
