// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A policy that compiles to nothing would be served as if the route had none.
func TestEveryPolicyIsCompiled(t *testing.T) {
	t.Parallel()
	for _, like := range policy.Order {
		p := filledPolicy(t, like).Interface().(policy.Policy)
		var r route
		if err := r.compilePolicies([]policy.Policy{p}, newState(nil, nil).scope("a", &snapshot.Route{}, &hostTable{})); err != nil {
			t.Fatal(err)
		}
		if len(r.request)+len(r.response)+len(r.own) == 0 {
			t.Errorf("a route with nothing but %s has no steps", p.Name())
		}
	}
}
