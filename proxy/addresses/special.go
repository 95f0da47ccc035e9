// SPDX-License-Identifier: Apache-2.0

package addresses

import (
	"net/netip"
	"slices"
)

// metadataServices are where clouds tell a machine who it is, with its credentials, besides link-local addresses.
var metadataServices = []netip.Prefix{
	netip.MustParsePrefix("169.254.169.254/32"),     // nearly all of them; here because whoever allows local ones allows link-local
	netip.MustParsePrefix("169.254.170.0/24"),       // credentials of AWS's containers
	netip.MustParsePrefix("fd00:ec2::/32"),          // AWS, with its other services for a machine
	netip.MustParsePrefix("fd20:ce::254/128"),       // Google
	netip.MustParsePrefix("168.63.129.16/32"),       // Azure
	netip.MustParsePrefix("100.100.100.200/32"),     // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),         // Oracle, classic
	netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle
	netip.MustParsePrefix("fd00:42::42/128"),        // Scaleway
	netip.MustParsePrefix("fd00:a9fe:a9fe::1/128"),  // Akamai
}

// IsMetadata returns whether an address is a metadata service's. It is none that stands for another: see [Meanings].
func IsMetadata(address netip.Addr) bool {
	return slices.ContainsFunc(metadataServices, func(p netip.Prefix) bool { return p.Contains(address) })
}

// IsNobody returns whether an address is nobody's in particular, so that none can be connected to by it.
func IsNobody(address netip.Addr) bool {
	return address.IsUnspecified() || address.IsMulticast() || thisNetwork.Contains(address) || address == broadcast
}

var (
	// thisNetwork is what RFC 6890 calls "this host on this network". Linux connects to 0.0.0.0 at loopback.
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	broadcast   = netip.AddrFrom4([4]byte{255, 255, 255, 255})

	nat64      = netip.MustParsePrefix("64:ff9b::/96")    // RFC 6052, section 2.1
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")  // RFC 8215
	sixToFour  = netip.MustParsePrefix("2002::/16")       // RFC 3056
	teredo     = netip.MustParsePrefix("2001::/32")       // RFC 4380, section 4
	compatible = netip.MustParsePrefix("::/96")           // RFC 4291, section 2.5.5.1
	translated = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 2765, section 2.1
)

// Meanings returns an address, and the IPv4 addresses that a packet to it may be sent on to.
func Meanings(address netip.Addr) []netip.Addr {
	all := []netip.Addr{address}
	if !address.Is6() {
		return all
	}
	b := address.As16()
	embedded := func(at ...int) {
		all = append(all, netip.AddrFrom4([4]byte{b[at[0]], b[at[1]], b[at[2]], b[at[3]]}))
	}
	perhaps := func(at ...int) {
		if embedded(at...); thisNetwork.Contains(all[len(all)-1]) {
			all = all[:len(all)-1] // It is in another place.
		}
	}
	switch {
	case address.IsUnspecified() || address.IsLoopback(): // They are in the range of compatible ones.
	case nat64.Contains(address), compatible.Contains(address), translated.Contains(address):
		embedded(12, 13, 14, 15)
	case nat64Local.Contains(address):
		// Where the IPv4 address is hangs on the length of the prefix that the operator has chosen (RFC 6052, section 2.2).
		perhaps(6, 7, 9, 10)
		perhaps(7, 9, 10, 11)
		perhaps(9, 10, 11, 12)
		perhaps(12, 13, 14, 15)
	case sixToFour.Contains(address):
		embedded(2, 3, 4, 5)
	case teredo.Contains(address):
		embedded(4, 5, 6, 7)
		all = append(all, netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}))
	}
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe { // ISATAP (RFC 5214, section 6.1)
		embedded(12, 13, 14, 15)
	}
	return all
}
