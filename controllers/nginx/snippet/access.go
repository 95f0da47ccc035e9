// SPDX-License-Identifier: Apache-2.0

package snippet

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/proxy/policy"
)

// AccessRule admits or refuses addresses. Of several, the first that has the client's address decides. If none has it,
// the client is admitted.
type AccessRule struct {
	Allow bool
	// Prefix is invalid where the rule is about all addresses.
	Prefix netip.Prefix
}

// has says whether a rule is about all addresses of a prefix, and whether it is about some.
func (r AccessRule) has(p netip.Prefix) (all, some bool) {
	if !r.Prefix.IsValid() {
		return true, true
	}
	return r.Prefix.Bits() <= p.Bits() && r.Prefix.Contains(p.Addr()), r.Prefix.Overlaps(p)
}

// MostPrefixes bounds the prefixes that a list of rules is turned into, and mostSteps the rules that are looked at
// meanwhile.
const (
	MostPrefixes = 4096
	mostSteps    = 500_000
)

// AccessOf returns the policy that admits whom a list of rules admits, nil if that is everybody. It returns false if
// the policy would need too many prefixes, or if it takes too long to find them.
func AccessOf(list []AccessRule) (access *policy.Access, ok bool) {
	access = &policy.Access{}
	every, steps := true, mostSteps
	for _, all := range []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")} {
		before := len(access.Allowed)
		if access.Allowed = admitted(access.Allowed, all, list, &steps); len(access.Allowed) > MostPrefixes || steps < 0 {
			return nil, false
		}
		every = every && len(access.Allowed) == before+1 && access.Allowed[before] == all
	}
	switch {
	case every:
		return nil, true
	case len(access.Allowed) == 0:
		access.Denied = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	}
	return access, true
}

// admitted appends the prefixes within p that rules admit, in order. It takes the rules that it looks at off steps, and
// gives up once there are none left.
func admitted(list []netip.Prefix, p netip.Prefix, rules []AccessRule, steps *int) []netip.Prefix {
	if *steps -= len(rules); len(list) > MostPrefixes || *steps < 0 {
		return list
	}
	var within []AccessRule // The rules that concern p, as far as they have not decided all of it.
	for _, r := range rules {
		all, some := r.has(p)
		if some {
			within = append(within, r)
		}
		if all {
			break
		}
	}
	if len(within) == 0 {
		return append(list, p)
	}
	if all, _ := within[0].has(p); all {
		if within[0].Allow {
			list = append(list, p)
		}
		return list
	}
	low, high := halves(p)
	return admitted(admitted(list, low, within, steps), high, within, steps)
}

// halves returns the two halves of a prefix of more than one address.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits() + 1
	other := p.Addr().AsSlice()
	other[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	second, _ := netip.AddrFromSlice(other)
	return netip.PrefixFrom(p.Addr(), bits), netip.PrefixFrom(second, bits)
}

// access compiles allow and deny.
func (c *compiler) access(in *scope, d *directive) {
	rule := AccessRule{Allow: d.name == "allow"}
	if text := d.args[0]; text != "all" {
		address, err := netip.ParseAddr(text)
		prefix, prefixErr := netip.ParsePrefix(text)
		switch {
		case err == nil && address.Zone() == "":
			rule.Prefix = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())
		case prefixErr == nil && !prefix.Addr().Is4In6():
			rule.Prefix = prefix.Masked()
		default:
			c.fail(d, "has "+strconv.Quote(text)+" where an address, a prefix or all belongs")
			return
		}
	}
	in.own.access = append(in.own.access, rule)
	c.keep(d)
}

// limitExcept compiles limit_except, whose block is for all other methods. What it is written for is deny all.
func (c *compiler) limitExcept(in *scope, d *directive) {
	if len(d.block) != 1 || d.block[0].name != "deny" || len(d.block[0].args) != 1 || d.block[0].args[0] != "all" {
		c.fail(d, "has more in its block than deny all: write if ($request_method ...)")
		return
	}
	methods := slices.Clone(d.args)
	for _, method := range methods {
		if strings.ContainsFunc(method, func(r rune) bool { return r < 'A' || r > 'Z' }) {
			c.fail(d, "has "+strconv.Quote(method)+" where a method belongs")
			return
		}
	}
	if slices.Contains(methods, "GET") {
		methods = append(methods, "HEAD")
	}
	in.unit.methods = methods
	c.keep(d)
}

func (c *compiler) satisfy(in *scope, d *directive) {
	switch {
	case d.args[0] != "any" && d.args[0] != "all":
		c.fail(d, "has "+strconv.Quote(d.args[0])+" where any or all belongs")
		return
	case in.place == inLocation && !in.answers:
		c.result.SatisfyAny = d.args[0] == "any"
	case d.args[0] == "any":
		c.fail(d, "may only stand in the configuration-snippet here")
		return
	}
	c.keep(d)
}
