// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/step"
	"github.com/warren-dev/ingress/proxy/subrequest"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// ask is a question to a service about one request. It is used again.
type ask struct {
	service *Service
	view    *step.View
	request subrequest.Request
	// content is what the service gets of the request's.
	content []byte
	// memory is what the question is made in. key is what the verdict is kept by.
	memory, key []byte
	tried       []*balance.Target
	// answer is what the service said.
	answer answer
	// spoiled is set if the ask could still be ended by somebody after it is over, or if it failed in the midst of it.
	spoiled bool
}

const (
	// endpoints is how many are asked at most, so that one which is gone keeps nobody out.
	endpoints = 2
	// longest bounds what a service answers, in bytes. One that says more says nothing.
	longest = 64 << 10
	// keptMemory and keptFields bound what an ask keeps of memory for its next use.
	keptMemory, keptFields = 8 << 10, 64
)

func newAsk() *ask {
	a := new(ask)
	a.request.Read = a.read
	a.request.Repeatable = true // asking twice does no harm
	a.request.Shard = rand.Uint32()
	a.tried = make([]*balance.Target, 0, endpoints)
	return a
}

// empty forgets everything but the memory.
func (a *ask) empty() {
	fields := a.request.Head.Fields
	clear(fields)
	if cap(fields) > keptFields {
		fields = nil
	}
	a.request.Head = message.Request{Fields: fields[:0]}
	a.request.Content, a.request.Host = nil, nil
	clear(a.tried)
	a.service, a.view, a.content, a.tried, a.answer = nil, nil, nil, a.tried[:0], answer{}
	for _, buf := range [...]*[]byte{&a.memory, &a.key} {
		clear(*buf) // credentials
		if cap(*buf) > keptMemory {
			*buf = nil
		}
		*buf = (*buf)[:0]
	}
}

// Close ends the question, wherever it is.
func (a *ask) Close() error {
	a.request.End()
	return nil
}

// Known lets a request pass if a verdict is kept that says so, and returns whether there is one. It does not wait.
func (s *Service) Known(v *step.View) bool {
	if s.verdicts == nil {
		return false
	}
	var memory [usualKey]byte
	key, keeps := s.appendKey(memory[:0], v)
	if !keeps {
		return false
	}
	kept := s.verdicts.find(key, v.Now.Sub(s.client.clock.Start))
	if kept == nil {
		return false
	}
	s.admit(v, kept)
	return true
}

// Ask implements [step.Asker].
func (s *Service) Ask(v *step.View, w step.Waiting) step.Answer {
	answer := s.ask(v, w)
	if answer.Reason != reason.None {
		auth.DropAlike(v.Request.Fields, "authorization") // a service with a page for the answer does not get what was tried
	}
	return answer
}

func (s *Service) ask(v *step.View, w step.Waiting) step.Answer {
	a := s.client.begin(s)
	defer s.client.end(a)
	a.view = v
	keeps := s.verdicts != nil
	if keeps {
		a.key, keeps = s.appendKey(a.key[:0], v)
	}
	if keeps {
		if kept := s.verdicts.find(a.key, v.Now.Sub(s.client.clock.Start)); kept != nil {
			s.note(v, true, " is not asked again: what it said lets the request pass")
			return s.admit(v, kept)
		}
	}
	if s.most > 0 && v.Request.HasContent() {
		var refused step.Answer
		if a.content, refused = w.Gather(s.most, s.pool.ContentMemory); refused.Reason != reason.None {
			return refused
		}
	}
	a.get(w)
	if a.answer.why != "" {
		s.note(v, false, " says nothing that can be followed")
		return s.unavailable(a.answer.why)
	}
	if a.answer.passes {
		if s.said != nil {
			s.said.learn(a.answer.verdict)
		}
		if keeps {
			s.verdicts.keep(s.client, a.key, a.answer.verdict, s.client.clock.Now(), min(s.keeps, a.answer.fresh))
		}
		s.note(v, true, " lets the request pass")
		return s.admit(v, a.answer.verdict)
	}
	return s.refuse(v, &a.answer)
}

// note notes what the service says, for somebody who has it asked and wants to know.
func (s *Service) note(v *step.View, passed bool, says string) {
	if v.Notes != nil {
		*v.Notes = append(*v.Notes, step.Note{Policy: (*auth.External)(nil).Name(), Passed: passed, Text: s.name + says})
	}
}

// get has the service asked, and puts into the answer what it said.
func (a *ask) get(w step.Waiting) {
	defer func() {
		if p := recover(); p != nil {
			a.service.client.logger.Error(fmt.Errorf("%v", p), "panic while asking who gets in", "stack", string(debug.Stack()))
			a.spoiled = true
			a.answer = answer{why: "the proxy failed; its log says how"}
		}
	}()
	s, v := a.service, a.view
	if s.grpc {
		a.makeCall()
	} else if !a.makeRequest() {
		a.answer.why = "what it would be asked for is no target of a request"
		return
	}
	a.answer.why = "no endpoint takes requests"
	r := &a.request
	r.Host, r.Clock, r.Connect = v.Host, s.client.clock, s.timeout/endpoints
	r.Renew()
	r.Within(s.timeout)
	defer func() { a.spoiled = !r.Stop() || a.spoiled }()
	if !w.Arm(a) {
		return
	}
	defer w.Disarm()
	pool := s.pool
	for range endpoints {
		hold, _ := pool.Take(snapshot.RoundRobin, balance.Choice{Tried: a.tried})
		if hold.Target == nil {
			return
		}
		a.tried = append(a.tried, hold.Target)
		a.answer.why = "no endpoint answered"
		if a.sendTo(&hold) {
			return
		}
		if r.Ended() {
			if r.Late() {
				a.answer.why = "it did not answer in time"
			}
			return
		}
		if now := s.client.pool(pool.ID); now != nil && now.Serves(snapshot.RoundRobin) {
			pool = now
		}
	}
}

// sendTo says whether an endpoint answered. It notes how the endpoint treats requests.
func (a *ask) sendTo(hold *balance.Hold) (answered bool) {
	defer hold.Release()
	target, client := hold.Target, a.service.client
	began := client.clock.Now()
	answered = a.request.SendTo(&target.Endpoint)
	switch {
	case answered:
		target.Succeeded(client.clock.Now())
	case a.request.Late():
		client.ejector.TimedOut(target, began)
	case !a.request.Ended():
		client.ejector.Failed(target)
	}
	return answered
}

// read reads what an endpoint answered.
func (a *ask) read(up upstream.Exchange) (whole bool) {
	if a.service.grpc {
		return a.readCall(up)
	}
	return a.readResponse(up)
}

// admit lets a request pass, with what the service gives it.
func (s *Service) admit(v *step.View, verdict *verdict) step.Answer {
	for _, name := range s.replaced {
		auth.DropAlike(v.Request.Fields, name)
	}
	verdict.apply(v)
	return step.Answer{}
}

var _ step.Asker = (*Service)(nil)
