// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"slices"

	"github.com/warren-dev/ingress/proxy/addresses"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// Access lists the client addresses that may and may not use a route. A denied address is refused even if it is allowed
// too. If Allowed is not empty, every address that it does not list is refused. The prefixes are masked and sorted.
type Access struct {
	Allowed, Denied []netip.Prefix
	// Any refuses nobody. Who is allowed and not denied has to prove nothing else. All others have to, by a token, by a
	// password or to a service. A route that asks for none of these refuses clients as if it were not set. Certificates
	// have clients of all addresses show them, so none stands for an address.
	Any bool
}

// Name is "access-control".
func (*Access) Name() string { return "access-control" }

// Equal returns whether another access control has the same lists.
func (a *Access) Equal(other Policy) bool {
	o, ok := other.(*Access)
	return ok && o != nil && slices.Equal(a.Allowed, o.Allowed) && slices.Equal(a.Denied, o.Denied) && a.Any == o.Any
}

// Compile makes the lists fast to search.
func (a *Access) Compile(s *step.Scope) (step.Steps, error) {
	if len(a.Allowed) == 0 && len(a.Denied) == 0 {
		return step.Steps{}, nil
	}
	t := compileAccess(a)
	if a.Any && s != nil && slices.ContainsFunc(s.Policies, replacesAddress) {
		return step.Steps{Request: t.admit}, nil
	}
	return step.Steps{Request: t.request}, nil
}

// replacesAddress returns whether a policy has clients prove who they are whose address does not suffice, and only
// them.
func replacesAddress(p Policy) bool {
	_, certificate := p.(*auth.ClientCertificate)
	return !certificate && asksWho(p)
}

// Explain returns whether a client is admitted, and which prefix decides, if one does. With Any, everybody is: why says
// who has to prove something.
func (a *Access) Explain(client netip.Addr) (admitted bool, prefix, why string) {
	if admitted, prefix, why = a.explain(client); !a.Any {
		return admitted, prefix, why
	}
	if admitted && len(a.Allowed) > 0 {
		return true, prefix, why + ", and nothing else is asked for"
	}
	return true, prefix, why + ", so the client has to prove who it is"
}

func (a *Access) explain(client netip.Addr) (admitted bool, prefix, why string) {
	for _, list := range []struct {
		prefixes []netip.Prefix
		admits   bool
		what     string
	}{{a.Denied, false, "denied"}, {a.Allowed, true, "allowed"}} {
		i := slices.IndexFunc(list.prefixes, func(p netip.Prefix) bool { return p.Contains(client) })
		if i >= 0 {
			prefix = list.prefixes[i].String()
			return list.admits, prefix, prefix + " is " + list.what
		}
	}
	if len(a.Allowed) == 0 {
		return true, "", "no denied prefix holds the address, and there are no allowed ones"
	}
	return false, "", "no allowed prefix holds the address"
}

// accessTable is a compiled Access.
type accessTable struct {
	// restricts is set if an address that is not allowed is refused.
	restricts       bool
	allowed, denied addresses.Ranges
}

func compileAccess(a *Access) *accessTable {
	return &accessTable{restricts: len(a.Allowed) > 0, allowed: addresses.RangesOf(a.Allowed), denied: addresses.RangesOf(a.Denied)}
}

func (t *accessTable) request(v *step.View) step.Answer {
	if !t.admits(v.Client) {
		return step.Answer{Reason: reason.AccessDenied}
	}
	return step.Answer{}
}

// admit lets go on who is allowed, without another proof. It refuses nobody.
func (t *accessTable) admit(v *step.View) step.Answer {
	v.Admitted = t.restricts && t.admits(v.Client)
	return step.Answer{}
}

// admits returns whether a client's address may use a route. It may not if it is denied, or if others are allowed and
// it is not. The address is unmapped and without a zone.
func (t *accessTable) admits(client netip.Addr) bool {
	return !t.denied.Contain(client) && (!t.restricts || t.allowed.Contain(client))
}
