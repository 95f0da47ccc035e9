// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/warren-dev/ingress/proxy/policy"
)

// Inspect returns what is wrong with a snapshot, or nil. It finds hosts, listeners, pools, checks and challenges that
// are out of order or occur twice. It also finds checks with an impossible interval, timeout or threshold, Checked
// endpoints without a check, and listeners with certificates that there are not. It does not look at routes.
// [Host.Inspect] does that when a host is compiled, because nearly all hosts were inspected with the snapshot before.
func (s *Snapshot) Inspect() error {
	_, err := Compare(new(Snapshot), s)
	return err
}

func (s *Snapshot) inspectChallenges() error {
	for i := range s.Challenges[min(1, len(s.Challenges)):] {
		if one, next := &s.Challenges[i], &s.Challenges[i+1]; one.compare(next) >= 0 {
			return fmt.Errorf("challenges for %q and %q are not sorted or occur twice", one.Host, next.Host)
		}
	}
	return nil
}

// inspect returns what is wrong with the check, or nil.
func (c *Check) inspect() error {
	if c.Interval <= 0 || c.Timeout <= 0 || c.Timeout > c.Interval || c.HealthyThreshold < 1 || c.UnhealthyThreshold < 1 {
		return fmt.Errorf("check %q: its interval %v, timeout %v or thresholds make no sense", c.ID, c.Interval, c.Timeout)
	}
	return nil
}

// inspectChecked returns an error if there is no check of a Checked endpoint. It looks at the pools that differ, and at
// all pools for checks that are gone.
func (s *Snapshot) inspectChecked(c *Changes) error {
	for i := range c.Pools {
		if p := c.Pools[i].After; p != nil {
			for j := range p.Endpoints {
				if e := &p.Endpoints[j]; e.Checked && findCheck(s.Checks, e.ID) == nil {
					return unchecked(p, e)
				}
			}
		}
	}
	gone := make(map[string]bool)
	for i := range c.Checks {
		if c.Checks[i].After == nil {
			gone[c.Checks[i].Before.ID] = true
		}
	}
	if len(gone) == 0 {
		return nil
	}
	for i := range s.Pools {
		for j := range s.Pools[i].Endpoints {
			if e := &s.Pools[i].Endpoints[j]; e.Checked && gone[e.ID] {
				return unchecked(&s.Pools[i], e)
			}
		}
	}
	return nil
}

func unchecked(p *Pool, e *Endpoint) error {
	return fmt.Errorf("pool %q: there is no check of endpoint %q", p.ID, e.ID)
}

// Inspect returns what is wrong with a host, or nil. It is called before the host is compiled. It finds routes that are
// out of order or occur twice, what is served by nothing or by too much, and conditions that are malformed.
func (h *Host) Inspect() error {
	// texts has the texts of the conditions of one place. Nil if there are none.
	var texts map[string]bool
	if err := h.inspectTurns(); err != nil {
		return err
	}
	for i := range h.Routes {
		r := &h.Routes[i]
		if i > 0 {
			before := &h.Routes[i-1]
			order := cmp.Compare(before.Path, r.Path)
			if order == 0 {
				order = cmp.Compare(before.Match, r.Match)
			}
			switch {
			case order > 0:
				return fmt.Errorf("routes are not sorted: %v %q follows %v %q", r.Match, r.Path, before.Match, before.Path)
			case order < 0:
				texts = nil
			default:
				if err := before.inspectNext(r); err != nil {
					return err
				}
			}
		}
		if err := cmp.Or(r.inspectBackends(), r.inspectForwarding(), r.inspectErrorPages()); err != nil {
			return fmt.Errorf("path %q: %w", r.Path, err)
		}
		if r.Conditions == nil {
			continue
		}
		if err := r.inspectConditions(); err != nil {
			return fmt.Errorf("path %q: %w", r.Path, err)
		}
		if texts == nil {
			texts = make(map[string]bool)
		}
		text := r.Conditions.String()
		if texts[text] {
			return fmt.Errorf("path %q occurs twice with the conditions %s", r.Path, text)
		}
		texts[text] = true
	}
	return nil
}

// inspectTurns returns what is wrong with the turns of the host's routes, or nil.
func (h *Host) inspectTurns() error {
	var turns, open []int
	for i := range h.Routes {
		switch r := &h.Routes[i]; {
		case r.Match == MatchExpression:
			turns = append(turns, r.Turn)
		case r.Match == MatchOpenExpression:
			open = append(open, r.Turn)
		case r.Turn != 0:
			return fmt.Errorf("path %q: only an expression has a turn, and this is a %v", r.Path, r.Match)
		}
	}
	if len(turns) > MaxExpressions {
		return fmt.Errorf("%d routes have an expression, and a host may have %d", len(turns), MaxExpressions)
	}
	slices.Sort(turns)
	slices.Sort(open)
	turns = append(turns, open...)
	for i, turn := range turns {
		if turn != i {
			return fmt.Errorf("the turns of expressions are not numbered from 0: there is no %d", i)
		}
	}
	return nil
}

// inspectNext returns what is wrong with the next route of the same place, or nil.
func (r *Route) inspectNext(next *Route) error {
	switch order := r.Conditions.Precedence(next.Conditions); {
	case r.Conditions == nil && next.Conditions == nil:
		return fmt.Errorf("path %q occurs twice", r.Path)
	case order > 0:
		return fmt.Errorf("path %q: routes are not in the order of preference: that with %q follows that with %q",
			r.Path, next.Conditions, r.Conditions)
	}
	return nil
}

// inspectBackends returns what is wrong with what serves the route, or nil.
func (r *Route) inspectBackends() error {
	switch {
	case policy.Answers(r.Policies):
		if r.Pool != "" || len(r.Backends) > 0 {
			return errors.New("a policy answers every request, and there is a backend beside it")
		}
		return nil
	case r.Pool == "" && len(r.Backends) == 0:
		return errors.New("there is neither a pool, nor a backend, nor a policy that answers every request")
	case r.Pool != "" && len(r.Backends) > 0:
		return fmt.Errorf("there is the pool %q, and there are backends beside it", r.Pool)
	}
	for i := range r.Backends {
		if w := r.Backends[i].Weight; w < 0 {
			return fmt.Errorf("backend %d has the weight %d", i, w)
		}
	}
	return nil
}

// inspectForwarding returns what is wrong with how the route's requests are sent on, or nil.
func (r *Route) inspectForwarding() error {
	for i := range r.Mirrors {
		if err := r.Mirrors[i].inspect(); err != nil {
			return fmt.Errorf("mirror %d: %w", i, err)
		}
	}
	if r.Fallback != nil {
		if err := r.Fallback.inspect(); err != nil {
			return err
		}
	}
	if r.Retry != nil {
		if err := r.Retry.inspect(); err != nil {
			return err
		}
	}
	if r.Persistence != nil {
		return r.Persistence.inspect()
	}
	return nil
}

func (r *Route) inspectConditions() error {
	if r.Match == MatchText {
		return fmt.Errorf("a Text has no conditions, and there are %s", r.Conditions)
	}
	return r.Conditions.inspect()
}

// inOrder returns an error unless name comes after before. what is the kind of thing that has the names, for the error.
func inOrder(what, before, name string) error {
	switch {
	case before == name:
		return fmt.Errorf("%s %q occurs twice", what, name)
	case before > name:
		return fmt.Errorf("%ss are not sorted: %q follows %q", what, name, before)
	}
	return nil
}
