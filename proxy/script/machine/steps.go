// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"fmt"

	"github.com/warren-dev/ingress/proxy/script"
)

// run runs steps. It returns done if they answer.
func (p *Program) run(v *View, steps []compiledStep) (answer Answer, done bool) {
	s := v.State
	for i := 0; i < len(steps); i++ {
		step := &steps[i]
		switch step.op {
		case script.Set:
			value := p.value(v, step.value)
			if step.slot < 0 {
				s.args, s.moved = value, true
			} else {
				s.slots[step.slot] = value
			}
			p.note(v, step, value)
		case script.IfSet, script.IfEqual, script.IfMatch:
			met := p.meets(v, step)
			p.noteMet(v, step, met)
			if !met {
				i += step.steps
			} else if step.level != 0 {
				s.level = step.level
			}
		case script.Return:
			p.note(v, step, nil)
			return p.answer(v, step), true
		case script.Break:
			s.found = false
			p.note(v, step, nil)
			return Answer{}, false
		default:
			if !p.match(s, step.matcher, s.uri) {
				p.noteMet(v, step, false)
				break
			}
			if step.op == script.Redirect {
				p.note(v, step, nil)
				return p.redirect(v, step), true
			}
			if !p.rewrite(v, step) {
				return tooLongValue, true
			}
			if len(s.uri) == 0 {
				return noPath, true
			}
			p.note(v, step, s.uri)
			if step.op != script.Rewrite {
				return Answer{}, false
			}
		}
		if s.failed {
			return tooLongValue, true
		}
	}
	return Answer{}, false
}

// meets says whether a request meets a condition.
func (p *Program) meets(v *View, step *compiledStep) bool {
	value := p.value(v, step.variable)
	var met bool
	switch step.op {
	case script.IfSet:
		met = len(value) > 0 && string(value) != "0"
	case script.IfEqual:
		met = bytes.Equal(value, p.value(v, step.value))
	default:
		met = p.match(v.State, step.matcher, value)
	}
	return met != step.negate
}

// rewrite changes the path, and the query if the text has one. It returns false if that becomes too long.
func (p *Program) rewrite(v *View, step *compiledStep) bool {
	s := v.State
	text := step.value
	if step.question {
		text = step.before
	}
	uri := p.value(v, text)
	if step.question {
		begin := len(s.memory)
		s.append(v, step.value, true)
		if !step.drop && len(s.args) > 0 {
			s.memory = append(append(s.memory, '&'), s.args...)
		}
		s.args = s.memory[begin:len(s.memory):len(s.memory)]
	} else if step.drop {
		s.args = nil
	}
	s.uri, s.rewritten, s.moved = uri, true, true
	s.found = step.op != script.RewriteBreak
	return !s.failed
}

func (p *Program) note(v *View, step *compiledStep, value []byte) {
	if v.Notes == nil {
		return
	}
	text := step.note
	if len(value) > 0 {
		text += fmt.Sprintf(" (%q)", value)
	}
	*v.Notes = append(*v.Notes, Note{Passed: step.op != script.Return && step.op != script.Redirect, Text: text})
}

func (p *Program) noteMet(v *View, step *compiledStep, met bool) {
	if v.Notes == nil {
		return
	}
	text := step.note + ": no"
	if met {
		text = step.note + ": yes"
	}
	*v.Notes = append(*v.Notes, Note{Passed: true, Text: text})
}
