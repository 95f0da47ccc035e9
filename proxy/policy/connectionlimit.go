// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/warren-dev/ingress/proxy/reason"
)

// ConnectionLimit bounds the requests that each client has under way on a route. Each stream of HTTP/2 is one, and so
// is a tunnel until it ends. Each replica counts for itself.
type ConnectionLimit struct {
	// Connections is how many there may be. 0 refuses each request.
	Connections int
	// Exempt are clients that it is not for. The prefixes are masked and sorted.
	Exempt []netip.Prefix
}

// Name is "connection-limit".
func (*ConnectionLimit) Name() string { return "connection-limit" }

// Equal returns whether another limit lets through as much.
func (c *ConnectionLimit) Equal(other Policy) bool {
	o, ok := other.(*ConnectionLimit)
	return ok && o != nil && c.Connections == o.Connections && slices.Equal(c.Exempt, o.Exempt)
}

// connectionRule is the key of the id that a route has among the limiter's rules. It is the same for all limits, because
// what is under way stays so when the limit changes.
type connectionRule struct{}

// Compile gives the route an id among the limiter's rules.
func (c *ConnectionLimit) Compile(s *Scope) (Steps, error) {
	rule := s.Kept(connectionRule{}, func() any { return s.Limiter.newRule() }).(uint32)
	limit := &connectionLimit{limiter: s.Limiter, rule: rule, most: max(c.Connections, 0), exempt: compileRanges(c.Exempt)}
	return Steps{Request: limit.request}, nil
}

// connectionLimit is a compiled ConnectionLimit.
type connectionLimit struct {
	limiter *Limiter
	rule    uint32
	most    int
	exempt  addressRanges
}

func (c *connectionLimit) request(v *View) (answer Answer) {
	if c.exempt.contain(v.Client) {
		v.note((*ConnectionLimit)(nil).Name(), exemptText)
		return Answer{}
	}
	if v.Notes != nil {
		n := c.limiter.underwayOf(c.rule, v.Client)
		*v.Notes = append(*v.Notes, Note{Policy: (*ConnectionLimit)(nil).Name(), Passed: n < c.most,
			Text: fmt.Sprintf("of the client, %d requests are under way, and %d may be", n, c.most)})
		if n >= c.most {
			return Answer{Reason: reason.ConnectionsLimited}
		}
		return Answer{}
	}
	slot, ok := c.limiter.take(c.rule, v.Client, c.most)
	if !ok {
		return Answer{Reason: reason.ConnectionsLimited}
	}
	v.Slots.add(slot)
	return Answer{}
}

// Slots are what a request has taken of the limits of its route and of its backend.
type Slots [2]Slot

func (s *Slots) add(slot Slot) {
	if s[0].limiter == nil {
		s[0] = slot
	} else {
		s[1] = slot
	}
}

// Release gives all slots back. A second call does nothing.
func (s *Slots) Release() {
	for i := range s {
		s[i].Release()
	}
}
