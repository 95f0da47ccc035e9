// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"net/netip"
	"strings"
)

// ParseNetwork parses a CIDR, or an address that stands for itself alone. The controller's flags have networks in the
// same words.
func ParseNetwork(s string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(s); err == nil {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a CIDR such as 10.0.0.0/8", s)
	}
	if prefix.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is an IPv4 range in IPv6's form: write it as IPv4", s)
	}
	return prefix.Masked(), nil
}

// networks parses the value of a flag that lists networks.
func networks(flag, list string) (parsed []netip.Prefix, err error) {
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		prefix, err := ParseNetwork(text)
		if err != nil {
			return nil, misuse{fmt.Errorf("--%s: %w", flag, err)}
		}
		parsed = append(parsed, prefix)
	}
	return parsed, nil
}
