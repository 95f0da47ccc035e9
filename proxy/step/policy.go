// SPDX-License-Identifier: Apache-2.0

package step

import (
	"regexp"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/keyset"
	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/password"
)

// Policy is something that a route does with requests and responses beyond sending them on. In a snapshot it is plain
// values behind a pointer, which nobody changes once the proxy has the snapshot. policy.Order lists all policies.
type Policy interface {
	// Name is what users call it. It is the same for a nil pointer.
	Name() string
	// Equal returns whether another policy is of the same type and means the same. The other one may be nil.
	Equal(Policy) bool
	// Compile makes its steps. They keep no reference to the policy, because that would keep an old snapshot alive.
	Compile(*Scope) (Steps, error)
}

// Scope is what a policy is compiled for: one route.
type Scope struct {
	// Kept returns what was kept for the route under this key in the generation before. If there is nothing, it keeps and
	// returns what first makes. No other policy has keys of this type. What no route of the new generation asked for is
	// dropped.
	Kept func(key any, first func() any) any
	// Limiter counts requests, for all routes.
	Limiter *limit.Limiter
	// Passwords checks passwords, and Keys has the keys that tokens are verified by, for all routes.
	Passwords *password.Checker
	Keys      *keyset.Sets
	// Policies are all that the route has. They are set while these are compiled.
	Policies []Policy
	// Host is the name of the route's host, which may begin with a wildcard. It is empty if the route is for every host.
	Host string
	// Asker returns who waits for a policy that has to wait for a service. The policy is not kept.
	Asker func(Policy) (Asker, error)
	// Expression compiles a regular expression, or returns what another route has of the same text. Nil shares nothing.
	Expression func(text string) (*regexp.Regexp, error)
	// Verifier returns what judges the certificates of clients by some terms, the same for the same terms. Nil shares
	// nothing.
	Verifier func(*clientcert.Terms) (*clientcert.Verifier, error)
}

// Regexp returns a regular expression, compiled. The scope may be nil.
func (s *Scope) Regexp(text string) (*regexp.Regexp, error) {
	if s == nil || s.Expression == nil {
		return regexp.Compile(text)
	}
	return s.Expression(text)
}

// Judge returns what judges the certificates of clients by some terms. The scope may be nil.
func (s *Scope) Judge(terms *clientcert.Terms) (*clientcert.Verifier, error) {
	if s == nil || s.Verifier == nil {
		return clientcert.NewVerifier(terms)
	}
	return s.Verifier(terms)
}

// Header is a field to put into a message.
type Header struct{ Name, Value string }
