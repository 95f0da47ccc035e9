// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/step"
)

// Policy is one that Order lists.
type Policy = step.Policy

// Order is the policies that a route can have, in the order in which a request meets them. A response meets them from
// the last to the first. Users cannot choose the order, because it is what makes a policy safe. docs/request.md has the
// same list.
var Order = [...]Policy{
	(*HSTS)(nil),          // every answer says it, whoever refuses the request
	(*Script)(nil),        // may choose another route, and has the last word in a response, as it has in nginx
	(*CORS)(nil),          // browsers hide what is refused below from a page unless this says that it may read it
	(*HTTPSRedirect)(nil), // nobody is to be asked for a password over plain HTTP
	(*Access)(nil),        // who may not come learns nothing else, and takes no token of those who may
	(*RateLimit)(nil),     // what is refused below was counted
	(*ConnectionLimit)(nil),
	(*auth.ClientCertificate)(nil), // who does not get in is told before anything else of the request counts
	(*auth.JWT)(nil),               // of the other ways to find out who it is, the cheaper ones come first
	(*auth.Basic)(nil),
	(*auth.External)(nil), // of whom is refused above, nobody is asked
	(*MaxRequestBytes)(nil),
	// after what refuses requests: of those, nothing is gathered
	(*RequestBuffering)(nil),
	(*Compression)(nil), // knows a response by the fields that it is sent on with
	(*Headers)(nil),     // changes what the policies above have seen
	(*Rewrite)(nil),     // all above see the path that the client sent
	// a response meets these first: what is above has the last word about fields
	(*LocationRewrite)(nil),
	(*CookieRewrite)(nil),
	// the last: who gets in, and how often, holds for answers of the rule's own too
	(*Redirect)(nil),
	(*FixedResponse)(nil),
}

// Answers returns whether a route with these policies answers every request by itself. It needs no backend then.
func Answers(policies []Policy) bool { return slices.ContainsFunc(policies, IsAnswer) }

// IsAnswer returns whether a policy answers every request.
func IsAnswer(p Policy) bool {
	switch p.(type) {
	case *Redirect, *FixedResponse:
		return true
	}
	return false
}

// Place returns the index of a policy in Order, by its type, or -1.
func Place(p Policy) int {
	for i := range Order {
		if reflect.TypeOf(Order[i]) == reflect.TypeOf(p) {
			return i
		}
	}
	return -1
}

// Inspect returns what is wrong with a route's policies: each must be one of Order's, occur once, and be in that order.
func Inspect(policies []Policy) error {
	for i, p := range policies {
		at := Place(p)
		if at < 0 {
			return fmt.Errorf("there is no policy of type %T in the order of policies", p)
		}
		if reflect.ValueOf(p).IsNil() {
			return fmt.Errorf("policy %q is nil", p.Name())
		}
		if i > 0 {
			if before := policies[i-1]; Place(before) == at {
				return fmt.Errorf("policy %q occurs twice", p.Name())
			} else if Place(before) > at {
				return fmt.Errorf("policies are not in their order: %q follows %q", p.Name(), before.Name())
			}
		}
	}
	return nil
}
