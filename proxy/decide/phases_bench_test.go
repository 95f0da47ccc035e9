// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"net/netip"
	"testing"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// deciding makes what requests are decided by where a snapshot is served.
func deciding(tb testing.TB, s *snapshot.Snapshot) *Basis {
	tb.Helper()
	basis := &Basis{Clock: transport.NewClock()}
	dialer := upstream.NewDialer(upstream.Config{Clock: basis.Clock, Logger: logr.Discard()})
	state := routing.NewState(dialer, health.NewProber(basis.Clock, nil, func(string) {}))
	compiled, err := routing.Compile(s, routing.Nothing(), state)
	if err != nil {
		tb.Fatal(err)
	}
	state.Adopt(compiled)
	basis.Generation.Store(compiled)
	return basis
}

// BenchmarkDecide measures what a request costs from its head to the choice of an endpoint, on a route without policies
// and on one with all of the first policies.
func BenchmarkDecide(b *testing.B) {
	basis := deciding(b, &snapshot.Snapshot{
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
	from := basis.Trusted.Origin(netip.MustParseAddr("127.0.0.1"), false, 0)
	fields := []message.Field{
		{Name: []byte("User-Agent"), Value: []byte("bench"), Kind: message.Other},
		{Name: []byte("Accept"), Value: []byte("*/*"), Kind: message.Other},
	}
	for _, path := range []string{"/a/b", "/policies/x"} {
		b.Run(path, func(b *testing.B) {
			d := &Decision{decided: decided{Basis: basis, Origin: &from, Generation: basis.Generation.Load()}}
			d.Head.Fields = make([]message.Field, 0, KeptFields)
			method, host, path := []byte("GET"), []byte("shop.example.com"), []byte(path)
			b.ReportAllocs()
			for b.Loop() {
				d.Head.Method, d.Head.Authority, d.Head.Path = method, host, path
				d.Head.Fields = append(d.Head.Fields[:0], fields...)
				if why := d.Decide(); why != reason.None {
					b.Fatal(why)
				}
			}
		})
	}
}
