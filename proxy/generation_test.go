package proxy

import "testing"

// A policy that compiles to nothing would be served as if the route had none.
func TestEveryPolicyIsCompiled(t *testing.T) {
	t.Parallel()
	for _, like := range Order {
		p := filledPolicy(t, like).Interface().(Policy)
		var r route
		if err := r.compilePolicies([]Policy{p}, newState(nil, nil).scope("a", &Route{}, &hostTable{})); err != nil {
			t.Fatal(err)
		}
		if len(r.request)+len(r.response)+len(r.own) == 0 {
			t.Errorf("a route with nothing but %s has no steps", p.Name())
		}
	}
}
