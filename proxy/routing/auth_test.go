// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// What one tenant has its clients prove keeps no other tenant's routes from being served anew.
func TestNoAuthKeepsASnapshotFromBeingServed(t *testing.T) {
	pool := largeSnapshot(20).Pools[7].ID
	terms := &clientcert.Terms{Authorities: "none"}
	for name, p := range map[string]step.Policy{
		"a service's field":       &auth.External{Pool: pool, ResponseHeaders: []string{"Expect"}},
		"a service without pool":  &auth.External{Pool: "nowhere"},
		"a service's cache key":   &auth.External{Pool: pool, CacheKey: "$none"},
		"a token's claim":         &auth.JWT{Keys: "{}", ForwardClaims: []auth.ForwardedClaim{{Claim: "sub", Header: "a b"}}},
		"a token's keys":          &auth.JWT{Keys: "none"},
		"users":                   &auth.Basic{Users: "nobody"},
		"a client's certificates": &auth.ClientCertificate{Terms: terms},
	} {
		s := largeSnapshot(20)
		h := &s.Hosts[3]
		if _, ok := p.(*auth.ClientCertificate); ok {
			h.Clients = terms
		}
		h.Routes[0].Policies = []step.Policy{p}
		g, err := Compile(s, Nothing(), newTestState())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		v := &step.View{Request: new(message.Request)}
		got := reason.None
		for _, request := range g.Compiled(h.Name, &h.Routes[0]).Policies.Request {
			if got = request(v).Reason; got != reason.None {
				break
			}
		}
		if got != reason.AuthUnavailable {
			t.Errorf("%s: a request gets %v", name, got)
		}
	}
}
