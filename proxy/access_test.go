// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A client's address may be spelled in many ways on its way here. To the lists it is the same address.
func TestAccessKnowsAnAddressInEverySpelling(t *testing.T) {
	t.Parallel()
	p := serve(t, trust("127.0.0.1/32"))
	p.apply(everythingBy(func(r *snapshot.Route) {
		*accessOf(r) = policy.Access{Allowed: prefixes("192.0.2.0/24", "2001:db8::/32", "fe80::/10"), Denied: prefixes("192.0.2.66/32", "2001:db8:bad::/48")}
	}, startEcho(t, "b")))
	for address, want := range map[string]int{
		"192.0.2.1":                   200,
		"192.0.2.1:1234":              200,
		"::ffff:192.0.2.1":            200,
		"::ffff:c000:201":             200,
		"[::ffff:192.0.2.1]:1234":     200,
		"192.0.2.66":                  403,
		"::ffff:192.0.2.66":           403,
		"[::ffff:c000:242]":           403,
		"192.0.3.1":                   403,
		"::192.0.2.1":                 403, // not an IPv4 address, although it looks like one
		"64:ff9b::192.0.2.1":          403,
		"2001:db8::1":                 200,
		"2001:DB8:0:0:0:0:0:1":        200,
		"[2001:db8::1]:443":           200,
		"2001:db8:bad::1":             403,
		"2001:0db8:0bad:0000:0000::1": 403,
		"2001:db9::1":                 403,
		"fe80::1%eth0":                200,
		"[fe80::1%25eth0]":            200,
		"192.0.2.066":                 403, // octal to some, so an address to nobody
		"3221225985":                  403,
		"0xc0.0.2.1":                  403,
		"192.0.2":                     403,
		"192.0.2.1, 192.0.2.66":       403,
		"192.0.2.66, 192.0.2.1":       200,
		"192.0.2.1,, 127.0.0.1":       200,
		"192.0.2.1 192.0.2.66":        403,
		"\"192.0.2.1\"":               403,
		"for=192.0.2.1":               403,
	} {
		if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + address + "\r\n\r\n"); got.Status != want {
			t.Errorf("%s: got %d %q, want %d", address, got.Status, got.reason(), want)
		}
	}
}

// A new list holds from the next request on, even on open connections.
func TestAccessChangesForOpenConnections(t *testing.T) {
	t.Parallel()
	b := startEcho(t, "b")
	with := func(a policy.Access) *snapshot.Snapshot {
		return everythingBy(func(r *snapshot.Route) { *accessOf(r) = a }, b)
	}
	p := serve(t)
	client := (*wire)(nil)
	for i, step := range []struct {
		access policy.Access
		want   int
	}{
		{policy.Access{}, 200},
		{policy.Access{Denied: prefixes("127.0.0.1/32")}, 403},
		{policy.Access{Allowed: prefixes("127.0.0.0/8")}, 200},
		{policy.Access{Allowed: prefixes("10.0.0.0/8")}, 403},
		{policy.Access{}, 200},
	} {
		p.apply(with(step.access))
		if client == nil {
			client = p.dial()
		}
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := client.reply("GET"); got.Status != step.want {
			t.Errorf("step %d: got %d, want %d", i, got.Status, step.want)
		}
	}
}

// Denied requests take nothing from the limit, because a route's policies are asked in their order.
func TestDeniedRequestsTakeNoToken(t *testing.T) {
	t.Parallel()
	p := serve(t, trust("127.0.0.1/32"))
	// One address of this /64 is denied.
	p.apply(everythingBy(func(r *snapshot.Route) {
		accessOf(r).Denied = prefixes("2001:db8::bad/128")
		*rateLimitOf(r) = *never(1)
	}, startEcho(t, "b")))
	for i, step := range []struct {
		client string
		want   int
	}{{"2001:db8::bad", 403}, {"2001:db8::bad", 403}, {"2001:db8::1", 200}, {"2001:db8::1", 429}, {"2001:db8::bad", 403}} {
		if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + step.client + "\r\n\r\n"); got.Status != step.want {
			t.Errorf("step %d, %s: got %d, want %d", i, step.client, got.Status, step.want)
		}
	}
}
