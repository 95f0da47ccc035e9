// SPDX-License-Identifier: Apache-2.0

// Package addresses finds addresses in many ranges (ranges.go), and knows those that are special (special.go).
package addresses

import (
	"net/netip"
	"slices"
)

// Ranges are ranges of addresses that do not overlap, in order. A search takes as many steps as their number has
// bits.
type Ranges []span

type span struct{ first, last netip.Addr }

// RangesOf returns the ranges that prefixes have.
func RangesOf(prefixes []netip.Prefix) Ranges {
	ranges := make(Ranges, 0, len(prefixes))
	for _, p := range prefixes {
		ranges = append(ranges, span{p.Masked().Addr(), lastAddress(p)})
	}
	slices.SortFunc(ranges, func(a, b span) int { return a.first.Compare(b.first) })
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

// Contain says whether an address is in one of the ranges.
func (r Ranges) Contain(address netip.Addr) bool {
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
