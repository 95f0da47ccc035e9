// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// readAccess parses an accessControl. It returns what is wrong with it as fault.
func readAccess(control *v1alpha1.AccessControl) (access *policy.Access, fault string) {
	access = new(policy.Access)
	if access.Allowed, fault = readRanges("accessControl.allowedIPs", control.AllowedIPs); fault != "" {
		return nil, fault
	}
	if access.Denied, fault = readRanges("accessControl.deniedIPs", control.DeniedIPs); fault != "" {
		return nil, fault
	}
	if len(access.Allowed) == 0 && len(access.Denied) == 0 {
		// The API refuses this. But one that was stored before that, or whose only field has a misspelled name, must not let
		// everybody in.
		return nil, "accessControl keeps nobody out: list addresses under allowedIPs or deniedIPs, or leave accessControl out"
	}
	return access, ""
}

// readRanges returns the ranges as masked prefixes, sorted, each once.
func readRanges[T ~string](field string, ranges []T) (prefixes []netip.Prefix, fault string) {
	if len(ranges) == 0 {
		return nil, ""
	}
	prefixes = make([]netip.Prefix, 0, len(ranges))
	for _, r := range ranges {
		prefix, ok := readRange(string(r))
		if !ok {
			return nil, field + " has " + rules.Quote(string(r)) +
				", which is neither an address such as 10.0.50.7 nor a CIDR such as 10.0.0.0/8"
		}
		prefixes = append(prefixes, prefix)
	}
	slices.SortFunc(prefixes, netip.Prefix.Compare)
	return slices.Compact(prefixes), ""
}

// readRange parses a CIDR, or an address as the prefix of that address alone. IPv4 written as IPv6 becomes IPv4,
// because clients' addresses are compared in that form.
func readRange(s string) (netip.Prefix, bool) {
	if !strings.Contains(s, "/") {
		addr, err := netip.ParseAddr(s)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, false
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	const mapped = 96 // ::ffff:0:0/96 is IPv4 in IPv6 (RFC 4291, section 2.5.5.2)
	if prefix.Addr().Is4In6() && prefix.Bits() >= mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped)
	}
	return prefix.Masked(), true
}
