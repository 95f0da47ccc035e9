// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// Policy is one of those that say who gets in.
type Policy interface {
	step.Policy
	// Tells returns the names of fields by which the policy tells endpoints who a client is.
	Tells() []string
}

// identityNames and identityPrefixes are fields, in lower case, by which endpoints are told who a client is by
// somebody before them, whatever the route's policies tell.
var (
	identityNames    = []string{"remote-user", "client-cert", "client-cert-chain", "x-forwarded-client-cert"}
	identityPrefixes = []string{"ssl-client-", "x-auth-request-"}
)

// Guard returns the steps of a route that has one of the policies, or nil. They take out of requests, and of their
// trailers, the fields by which a client could say itself who it is. They come before all of these policies. Of a
// field that is a credential, the policy that tells something by it takes out what the client has sent, once nobody
// needs it.
func Guard(policies []step.Policy) *step.Steps {
	g, more, _ := guarding(policies)
	if g == nil {
		return nil
	}
	if more != nil {
		return &step.Steps{
			Request: func(v *step.View) step.Answer {
				g.drop(v.Request.Fields)
				more.drop(v.Request.Fields)
				return step.Answer{}
			},
			Trailers: func(fields []message.Field) { g.drop(fields); usual.drop(fields) },
		}
	}
	return &step.Steps{
		Request:  func(v *step.View) step.Answer { g.drop(v.Request.Fields); return step.Answer{} },
		Trailers: g.drop,
	}
}

// Told returns what says of the name of a field whether only the policies of a route that say who gets in may give it
// to requests. It is nil if there are none of these.
func Told(policies []step.Policy) func(name []byte) bool {
	g, more, credentials := guarding(policies)
	if g == nil {
		return nil
	}
	return func(name []byte) bool {
		return g.has(name) || more != nil && usual.has(name) ||
			slices.ContainsFunc(credentials, func(one string) bool { return alike(name, one) })
	}
}

// guarding returns what is taken out of requests that come to a route, nil if it has none of the policies. credentials
// are the names, in lower case, of those fields that a policy tells something by once nobody needs what the client has
// sent.
func guarding(policies []step.Policy) (g *guard, more *unlisted, credentials []string) {
	names, guards := slices.Clone(identityNames), false
	for _, p := range policies {
		policy, ok := p.(Policy)
		if !ok {
			continue
		}
		guards = true
		if e, ok := p.(*External); ok && e.Unlisted() {
			more = newUnlisted(e.ForwardHeaders)
		}
		for _, name := range policy.Tells() {
			switch name = message.LowerName(name); {
			case IsCredential(name):
				credentials = append(credentials, name)
			case !slices.Contains(names, name):
				names = append(names, name)
			}
		}
	}
	if !guards {
		return nil, nil, nil
	}
	return newGuard(names, identityPrefixes), more, credentials
}

// guard is what a client may not say itself.
type guard struct {
	names, prefixes []string
	// lengths has a bit for the length of each name. The last is for all longer ones.
	lengths uint64
}

func newGuard(names, prefixes []string) *guard {
	g := &guard{names: names, prefixes: prefixes}
	for _, name := range names {
		g.lengths |= 1 << min(len(name), 63)
	}
	return g
}

// drop takes the fields out of a message.
func (g *guard) drop(fields []message.Field) {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && g.has(f.Name) {
			f.Kind = message.Dropped
		}
	}
}

// has returns whether an endpoint could take a name for one of those.
func (g *guard) has(name []byte) bool {
	for _, prefix := range g.prefixes {
		if len(name) > len(prefix) && alike(name[:len(prefix)], prefix) {
			return true
		}
	}
	if g.lengths>>min(len(name), 63)&1 == 0 {
		return false
	}
	return slices.ContainsFunc(g.names, func(one string) bool { return len(one) == len(name) && alike(name, one) })
}
