package proxy

import (
	"net/netip"
	"slices"
)

func (a *Access) none() bool { return len(a.Allowed) == 0 && len(a.Denied) == 0 }

// accessTable is a compiled Access.
type accessTable struct {
	// restricts is set where an address that is not allowed is refused.
	restricts       bool
	allowed, denied addressRanges
}

func compileAccess(a *Access) accessTable {
	return accessTable{restricts: len(a.Allowed) > 0, allowed: compileRanges(a.Allowed), denied: compileRanges(a.Denied)}
}

// admits says whether a client's address may use a route: not if it is denied, nor if others are allowed and it
// is not. The address is unmapped and without a zone, as [exchange.resolveClient] makes it.
func (t *accessTable) admits(client netip.Addr) bool {
	return !t.denied.contain(client) && (!t.restricts || t.allowed.contain(client))
}

// addressRanges are ranges of addresses that do not overlap, in their order: a look takes as many steps as
// their number has bits.
type addressRanges []addressRange

type addressRange struct{ first, last netip.Addr }

func compileRanges(prefixes []netip.Prefix) addressRanges {
	ranges := make(addressRanges, 0, len(prefixes))
	for _, p := range prefixes {
		ranges = append(ranges, addressRange{p.Masked().Addr(), lastAddress(p)})
	}
	slices.SortFunc(ranges, func(a, b addressRange) int { return a.first.Compare(b.first) })
	merged := ranges[:0]
	for _, r := range ranges {
		if n := len(merged); n > 0 && r.first.BitLen() == merged[n-1].last.BitLen() && r.first.Compare(merged[n-1].last) <= 0 {
			if merged[n-1].last.Less(r.last) {
				merged[n-1].last = r.last
			}
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

func lastAddress(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

func (r addressRanges) contain(address netip.Addr) bool {
	low, high := 0, len(r)
	for low < high {
		middle := (low + high) / 2
		switch {
		case address.Less(r[middle].first):
			high = middle
		case r[middle].last.Less(address):
			low = middle + 1
		default:
			return true
		}
	}
	return false
}

// contains looks through prefixes that were not compiled, of which there are few.
func contains(prefixes []netip.Prefix, address netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(address) {
			return true
		}
	}
	return false
}
