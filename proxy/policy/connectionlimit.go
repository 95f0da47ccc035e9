// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/warren-dev/ingress/proxy/addresses"
	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
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

// connectionRule is the key of the id that a route has among the limiter's rules. It is the same for all limits,
// because what is under way stays so when the limit changes.
type connectionRule struct{}

// Compile gives the route an id among the limiter's rules.
func (c *ConnectionLimit) Compile(s *step.Scope) (step.Steps, error) {
	rule := s.Kept(connectionRule{}, func() any { return s.Limiter.NewRule() }).(uint32)
	limit := &connectionLimit{limiter: s.Limiter, rule: rule, most: max(c.Connections, 0), exempt: addresses.RangesOf(c.Exempt)}
	return step.Steps{Request: limit.request}, nil
}

// connectionLimit is a compiled ConnectionLimit.
type connectionLimit struct {
	limiter *limit.Limiter
	rule    uint32
	most    int
	exempt  addresses.Ranges
}

func (c *connectionLimit) request(v *step.View) (answer step.Answer) {
	if c.exempt.Contain(v.Client) {
		v.Note((*ConnectionLimit)(nil).Name(), exemptText)
		return step.Answer{}
	}
	if v.Notes != nil {
		n := c.limiter.UnderWay(c.rule, v.Client)
		*v.Notes = append(*v.Notes, step.Note{Policy: (*ConnectionLimit)(nil).Name(), Passed: n < c.most,
			Text: fmt.Sprintf("of the client, %d requests are under way, and %d may be", n, c.most)})
		if n >= c.most {
			return step.Answer{Reason: reason.ConnectionsLimited}
		}
		return step.Answer{}
	}
	slot, ok := c.limiter.Take(c.rule, v.Client, c.most)
	if !ok {
		return step.Answer{Reason: reason.ConnectionsLimited}
	}
	v.Slots.Add(slot)
	return step.Answer{}
}
