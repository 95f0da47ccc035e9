// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/script"
)

// Request runs the steps that a location has, and before the first location those of the server.
func (p *Program) Request(v *View) Answer {
	if v.State == nil {
		v.State = new(State)
	}
	s := v.State
	p.enter(v)
	if !s.served {
		s.served, s.level = true, len(p.levels)-2
		if answer, done := p.run(v, p.server); done {
			p.prepare(v)
			return answer
		}
		if s.moved {
			return p.leave(v, true)
		}
		s.level = 0
	}
	if l := p.place(v); l != nil {
		l.program.enter(v)
		return l.answer(v)
	}
	if s.failed {
		return tooLongValue
	}
	return p.locate(v)
}

// locate runs the steps of the location.
func (p *Program) locate(v *View) Answer {
	s := v.State
	if p.path != nil && p.groups {
		if p.match(s, p.path, s.uri); s.failed {
			return tooLongValue
		}
	}
	if p.excepts && !slices.Contains(p.methods, string(v.Request.Method)) {
		s.level = len(p.levels) - 1
		if !p.changeInput(v) {
			return s.refusal()
		}
		p.prepare(v)
		return exceptedMethod
	}
	if p.skipOptions && v.Preflight {
		p.prepare(v)
		return Answer{}
	}
	if answer, done := p.run(v, p.location); done {
		p.prepare(v)
		return answer
	}
	if !p.changeInput(v) {
		return s.refusal()
	}
	if s.moved {
		if s.found {
			if s.changes++; s.changes > mostLocations {
				p.prepare(v)
				return tooManyChanges
			}
		}
		if answer := p.leave(v, s.found); answer.Again || answer.Answers() {
			return answer
		}
	}
	p.prepare(v)
	if !p.makeFields(v) || !p.changeHost(v) || s.failed {
		return s.refusal()
	}
	if p.method != nil && string(v.Request.Method) != methodHead { // whose response would have content
		v.Request.SentMethod = p.method
	}
	return Answer{}
}

const methodHead = "HEAD"

// changeHost gives the request another host. It returns false if that is malformed.
func (p *Program) changeHost(v *View) bool {
	host := p.value(v, p.host)
	if len(host) == 0 {
		return true
	}
	for _, c := range host {
		if !script.IsNameByte(c) && c != '-' && c != '.' && c != ':' && c != '[' && c != ']' {
			return false
		}
	}
	v.Request.Authority = host
	return true
}

var (
	malformedValue = Answer{Malformed: "a snippet would make a malformed field of the request"}
	tooLongValue   = failure("a snippet makes too long values of the request, or looks at too long ones too often")
	tooManyChanges = failure("a snippet rewrites the path again and again")
	noPath         = failure("a snippet rewrites the path to nothing")
	// exceptedMethod answers what limit_except refuses.
	exceptedMethod = Answer{Status: 403, Content: page(403)}
)

func failure(text string) Answer {
	return Answer{Status: 500, Content: &Content{Type: htmlContent, Text: text + "\n"}}
}

// leave makes the request what the script has made of its path. With found, the location is looked for anew.
func (p *Program) leave(v *View, found bool) Answer {
	s := v.State
	if s.failed {
		return tooLongValue
	}
	path, err := s.encodedPath(v)
	if err != nil {
		return Answer{Malformed: err.Error()}
	}
	query := s.encodedQuery()
	if len(path)+len(query) > mostSent || len(s.memory) > mostMemory {
		s.failed = true
		return tooLongValue
	}
	v.Request.Path, v.Request.Query = path, query
	s.moved = false
	if found {
		v.Path = path
		return Answer{Again: true}
	}
	return Answer{}
}
