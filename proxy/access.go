package proxy

import "net/netip"

// admits says whether a client's address may use a route: not if it is denied, nor if others are allowed and it
// is not. An IPv4 address in IPv6's clothes counts as IPv4.
func (a *Access) admits(client netip.Addr) bool {
	if len(a.Allowed) == 0 && len(a.Denied) == 0 {
		return true
	}
	client = client.Unmap().WithZone("")
	if contains(a.Denied, client) {
		return false
	}
	return len(a.Allowed) == 0 || contains(a.Allowed, client)
}

func contains(prefixes []netip.Prefix, address netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(address) {
			return true
		}
	}
	return false
}
