// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// Chain is the steps of all policies of a route. The zero value is that of a route without policies.
type Chain struct {
	// Request are the steps that look at requests, in the order of the policies.
	Request []func(*step.View) step.Answer
	// Trailers are the steps that change the trailers of requests, in that order.
	Trailers []func([]message.Field)
	// Response are the steps that change what endpoints answer, and Own those that add to answers of our own, both from
	// the last policy's to the first's.
	Response, Own []func(*step.View, *message.Response)
}

// Compile makes the chain of a route's policies. It returns an error where they are not as [Inspect] wants them, or
// where one of them makes no sense.
func Compile(policies []Policy, scope *step.Scope) (Chain, error) {
	var c Chain
	if err := Inspect(policies); err != nil {
		return c, err
	}
	var of step.Scope
	if scope != nil {
		of = *scope
	}
	of.Policies = policies
	guard := auth.Guard(policies)
	var late []func(*step.View) step.Answer // those whose turn has not come yet
	for _, p := range policies {
		if Place(p) >= Place((*Headers)(nil)) {
			c.Request, late = append(c.Request, late...), nil
		}
		if guard != nil && asksWho(p) {
			c.Add(guard)
			guard = nil
		}
		steps, err := p.Compile(&of)
		if err != nil {
			return c, fmt.Errorf("policy %q: %w", p.Name(), err)
		}
		c.Add(&steps)
		if steps.Late != nil {
			late = append(late, steps.Late)
		}
	}
	c.Request = append(c.Request, late...)
	return c, nil
}

// asksWho returns whether a policy is one of those that have clients prove who they are.
func asksWho(p Policy) bool {
	_, ok := p.(auth.Policy)
	return ok
}

// Add puts the steps of a policy behind those that the chain has.
func (c *Chain) Add(steps *step.Steps) {
	if steps.Request != nil {
		c.Request = append(c.Request, steps.Request)
	}
	if steps.Trailers != nil {
		c.Trailers = append(c.Trailers, steps.Trailers)
	}
	if steps.Response != nil {
		c.Response = slices.Insert(c.Response, 0, steps.Response)
	}
	if steps.Own != nil {
		c.Own = slices.Insert(c.Own, 0, steps.Own)
	}
}
