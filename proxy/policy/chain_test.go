// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot/snapshottest"
	"github.com/warren-dev/ingress/proxy/step"
)

// A policy that compiles to nothing would be served as if the route had none.
func TestEveryPolicyIsCompiled(t *testing.T) {
	t.Parallel()
	scope := &step.Scope{Limiter: limit.New(), Kept: func(_ any, first func() any) any { return first() }}
	for _, like := range policy.Order {
		p := snapshottest.FilledPolicy(t, like).Interface().(policy.Policy)
		c, err := policy.Compile([]policy.Policy{p}, scope)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Request)+len(c.Response)+len(c.Own) == 0 {
			t.Errorf("a route with nothing but %s has no steps", p.Name())
		}
	}
}
