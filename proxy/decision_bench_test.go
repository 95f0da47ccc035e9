// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/netip"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// What a request costs from its head to the choice of an endpoint, on a route without policies and on one with all that
// there were first.
func BenchmarkDecide(b *testing.B) {
	treated := prefix("/policies", "pool")
	accessOf(&treated).Allowed = prefixes("127.0.0.0/8")
	*rateLimitOf(&treated) = policy.RateLimit{PerSecond: 1e9, Burst: 1e9}
	headersOf(&treated).Request.Remove = []string{"x-debug"}
	rewriteOf(&treated).StripPrefix = "/policies"
	p := New(Config{})
	if _, err := p.Apply(snapshotOf([]snapshot.Host{hostOf("shop.example.com", prefix("/", "pool"), treated)}, poolOf("pool"))); err != nil {
		b.Fatal(err)
	}
	from := newOrigin(netip.MustParseAddr("127.0.0.1"), nil, schemeHTTP, []byte("80"))
	fields := []message.Field{
		{Name: []byte("User-Agent"), Value: []byte("bench"), Kind: message.Other},
		{Name: []byte("Accept"), Value: []byte("*/*"), Kind: message.Other},
	}
	for _, path := range []string{"/a/b", "/policies/x"} {
		b.Run(path, func(b *testing.B) {
			x := &exchange{engine: &p.engine, origin: &from, generation: p.engine.generation.Load()}
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
