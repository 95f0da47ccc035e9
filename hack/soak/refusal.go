// SPDX-License-Identifier: Apache-2.0

package main

import "net/netip"

// refusal is an address that refuses connections. Its port is taken, so that nobody else can get it, but nobody
// listens.
type refusal struct {
	fd      int
	address netip.AddrPort
}
