// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"net/netip"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// BenchmarkDecide measures what a request costs from its head to the choice of an endpoint, on a route without policies
// and on one with all of the first policies.
func BenchmarkDecide(b *testing.B) {
	g := serving(b, &snapshot.Snapshot{
		Pools: []snapshot.Pool{{ID: "pool"}},
		Hosts: []snapshot.Host{{Name: "shop.example.com", Routes: []snapshot.Route{
			{Path: "/", Pool: "pool"},
			{Path: "/policies", Pool: "pool", Policies: []policy.Policy{
				&policy.Access{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
				&policy.RateLimit{PerSecond: 1e9, Burst: 1e9},
				&policy.Headers{Request: policy.HeaderChanges{Remove: []string{"x-debug"}}},
				&policy.Rewrite{StripPrefix: "/policies"},
			}},
		}}},
	})
	from := g.Trusted.Origin(netip.MustParseAddr("127.0.0.1"), false, 0)
	fields := []message.Field{
		{Name: []byte("User-Agent"), Value: []byte("bench"), Kind: message.Other},
		{Name: []byte("Accept"), Value: []byte("*/*"), Kind: message.Other},
	}
	for _, path := range []string{"/a/b", "/policies/x"} {
		b.Run(path, func(b *testing.B) {
			x := &Exchange{engine: g, origin: &from, generation: g.Generation.Load()}
			x.request.Fields = make([]message.Field, 0, keptFields)
			method, host, path := []byte("GET"), []byte("shop.example.com"), []byte(path)
			b.ReportAllocs()
			for b.Loop() {
				x.request.Method, x.request.Authority, x.request.Path = method, host, path
				x.request.Fields = append(x.request.Fields[:0], fields...)
				if why := x.decide(); why != reason.None {
					b.Fatal(why)
				}
			}
		})
	}
}
