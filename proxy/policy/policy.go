// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// Policy is something that a route does with requests and responses beyond sending them on, as a snapshot has it: plain
// values behind a pointer, which nobody changes once the snapshot was handed to the proxy. [Order] has all that there
// are.
type Policy interface {
	// Name is what users call it, and the same for a nil pointer.
	Name() string
	// Equal says whether another policy is of the same type and means the same. The other one may be nil.
	Equal(Policy) bool
	// Compile makes the steps of it. They hold on to nothing of the policy's own, or an old snapshot would stay for them.
	Compile(*Scope) (Steps, error)
}

// Scope is what a policy is compiled for: one route.
type Scope struct {
	// Kept returns what was kept for the route under this key in the generation before, or else what first makes. The key
	// is of a type that no other policy has keys of. What no route of the new generation was compiled with is let go.
	Kept func(key any, first func() any) any
	// Limiter counts requests, for all routes.
	Limiter *Limiter
}

// Steps are what a policy does, each nil where it does nothing: so a route asks nobody in vain. A step waits for
// nothing, since who asks what would become of a request runs it too, and it allocates nothing for a request that it
// lets pass.
type Steps struct {
	// Request looks at a request before an endpoint is chosen, changes it, or says how it is answered.
	Request func(*View) Answer
	// Response changes an endpoint's final answer, unless that is a change of protocols.
	Response func(*View, *message.Response)
	// Own adds to an answer of our own, whose fields are only those that it carries besides what all such answers have.
	// By then the request may have none of its fields left.
	Own func(*View, *message.Response)
}

// View is what a policy sees of a request, and what it may change. It is part of what is there for a request anyway:
// one that is made for a call would be allocated.
type View struct {
	// Request is what the endpoint gets: its Path and Fields may be changed.
	Request *message.Request
	// Host and Path are canonical, and what the route was found by.
	Host, Path []byte
	// Client is the client's address, unmapped and without a zone.
	Client netip.Addr
	// Secure is set where the client came over HTTPS.
	Secure bool
	// Now is when the request began.
	Now time.Time
	// Scratch is memory to write to. What is put into Request may lie in it.
	Scratch []byte
	// Fields are what an answer of our own carries besides.
	Fields []message.Field
	// Notes is nil but for a request that somebody only asks about. Then a policy counts nothing, and notes what it
	// decided by.
	Notes *[]Note
}

// Answer is how a request is answered, or zero where it goes on.
type Answer struct {
	Reason reason.Reason
	// Detail is told in the place of what the reason always says.
	Detail string
}

// Note is what a policy has to say of a request that somebody asks about.
type Note struct {
	// Policy is its name.
	Policy string
	// Passed says whether the request goes on.
	Passed bool
	Text   string
	// Limit is set by a rate limit.
	Limit *LimitNote
}
